package io.khonsu.benchmarks;

import java.nio.file.Path;
import java.util.Locale;

/** Whose durable commits are measured. */
enum DurablePeer {
  LIMIT("plain log, group commit"),
  ROCKSDB("RocksDB Optimistic, sync"),
  H2("H2 TransactionStore, shared sync"),
  LMDB("LMDB");

  private final String title;

  DurablePeer(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  /** {@return the name as options and reports have it} */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean isKhonsu() {
    return false;
  }

  /** {@return a new store in an empty directory} */
  DurableContender create(Path directory) throws Exception {
    return switch (this) {
      case LIMIT -> new PlainLog(directory);
      case ROCKSDB -> new RocksDurable(directory);
      case H2 -> new H2Durable(directory);
      case LMDB -> new LmdbDurable(directory);
    };
  }
}
