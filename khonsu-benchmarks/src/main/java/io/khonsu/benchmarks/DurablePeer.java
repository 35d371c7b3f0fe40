package io.khonsu.benchmarks;

import io.khonsu.StoreConfig;
import io.khonsu.durable.LogKind;
import java.nio.file.Path;
import java.util.Locale;

/** Whose durable commits are measured. */
enum DurablePeer {
  KHONSU_ROCKSDB("Khonsu, log in RocksDB"),
  KHONSU_SEGMENTS("Khonsu, log in segments"),
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
    return this == KHONSU_ROCKSDB || this == KHONSU_SEGMENTS;
  }

  /** {@return whether it is a store other than Khonsu} */
  boolean isRival() {
    return !isKhonsu() && this != LIMIT;
  }

  /** {@return how Khonsu is opened} */
  StoreConfig config() {
    LogKind log = this == KHONSU_SEGMENTS ? LogKind.SEGMENTS : LogKind.ENGINE;
    return StoreConfig.builder().log(log).build();
  }

  /** {@return a new store in an empty directory} */
  DurableContender create(Path directory) throws Exception {
    return switch (this) {
      case KHONSU_ROCKSDB, KHONSU_SEGMENTS -> new KhonsuDurable(directory, config());
      case LIMIT -> new PlainLog(directory);
      case ROCKSDB -> new RocksDurable(directory);
      case H2 -> new H2Durable(directory);
      case LMDB -> new LmdbDurable(directory);
    };
  }
}
