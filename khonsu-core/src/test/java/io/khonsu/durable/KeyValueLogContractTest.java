package io.khonsu.durable;

import io.khonsu.spi.CommitLog;
import io.khonsu.spi.CommitLogContract;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import java.io.IOException;
import java.nio.file.Path;

/** The log in a key-value store keeps the contract. */
class KeyValueLogContractTest extends CommitLogContract {
  private static final Path PLACE = Path.of("log");

  private final StoreId id = StoreId.random();
  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();

  @Override
  protected CommitLog create() throws IOException {
    return KeyValueLog.create(engine.open(PLACE, options(Presence.NEW)), id);
  }

  @Override
  protected CommitLog open() throws IOException {
    return KeyValueLog.open(engine.open(PLACE, options(Presence.EXISTING)), id);
  }

  private static Options options(Presence presence) {
    return new Options(Use.LOG, presence, KeyValueLog.SPACES);
  }
}
