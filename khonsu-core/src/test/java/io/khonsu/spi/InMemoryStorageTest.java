package io.khonsu.spi;

/** The storage in memory keeps the contract. */
class InMemoryStorageTest extends StorageContract {
  private final InMemoryStorage place = new InMemoryStorage();

  @Override
  protected Storage open() {
    return place;
  }
}
