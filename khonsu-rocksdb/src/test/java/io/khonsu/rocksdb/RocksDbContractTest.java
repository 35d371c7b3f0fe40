package io.khonsu.rocksdb;

import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStoreContract;

/** Stores on RocksDB keep the contract. */
class RocksDbContractTest extends KeyValueStoreContract {
  RocksDbContractTest(KeyValueEngine.Use use) {
    super(use);
  }

  @Override
  protected KeyValueEngine engine() {
    return new RocksDbEngine();
  }
}
