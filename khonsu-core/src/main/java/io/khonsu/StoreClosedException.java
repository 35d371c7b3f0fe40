package io.khonsu;

/** The store was closed. */
public final class StoreClosedException extends StoreException {
  private static final long serialVersionUID = 1L;

  StoreClosedException() {
    super(Retry.NEVER, "the store is closed", null);
  }
}
