package io.khonsu.mvcc;

/** The lifecycle of values that nobody owns. */
enum Unowned implements ValueLifecycle<Object> {
  INSTANCE;

  @Override
  public void superseded(Object value, int index) {}

  @Override
  public void reinstated(Object value, int index) {}

  @Override
  public boolean isIntact(Object value, int firstIndex, int count) {
    return false;
  }

  @Override
  public void retired(Object value, int index) {}

  @Override
  public void discarded(Object value) {}
}
