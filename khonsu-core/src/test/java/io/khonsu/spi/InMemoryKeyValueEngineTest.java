package io.khonsu.spi;

/** The stores in memory keep the contract. */
class InMemoryKeyValueEngineTest extends KeyValueStoreContract {
  InMemoryKeyValueEngineTest(KeyValueEngine.Use use) {
    super(use);
  }

  @Override
  protected KeyValueEngine engine() {
    return new InMemoryKeyValueEngine();
  }
}
