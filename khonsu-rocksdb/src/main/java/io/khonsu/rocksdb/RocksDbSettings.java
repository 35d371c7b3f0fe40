package io.khonsu.rocksdb;

import io.khonsu.spi.KeyValueEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Properties;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteOptions;

/** RocksDB's options for one store, all that matter set by name. Close it after the store. */
final class RocksDbSettings implements AutoCloseable {
  /*
   * Why what is set, and what is not:
   *
   *   walRecoveryMode          the default drops synced records behind a flipped bit, without a word
   *   formatVersion, uniformCvThreshold
   *                            what newer defaults write, older versions cannot read: no way back
   *   atomicFlush              without it, data and the version they are up to date with part when
   *                            the process dies; the state has no write-ahead log
   *   maxWriteBatchGroupSize   the default groups no large writes
   *   manualWalFlush, unorderedWrite, pipelined and two-queue writes, event listeners
   *                            stay off: each loses data, deadlocks or keeps a full disk from healing
   *   useDirectIo...           a log is written and hardly read: what is flushed need not be copied
   *                            into the cache of the system, where it takes the place of others
   *   compression              frames are small and compact already; LZ4 in the state only
   */
  private static final int FORMAT_VERSION = 5;
  private static final double NO_UNIFORM_SEARCH = -1;
  private static final long LOG_WRITE_BUFFER_BYTES = 64L << 20;
  private static final long STATE_WRITE_BUFFER_BYTES = 64L << 20;
  private static final long CACHE_BYTES = 64L << 20;
  private static final long LARGE_VALUE_BYTES = 64L << 10;

  final DBOptions database;
  final ColumnFamilyOptions family;
  final WriteOptions written = new WriteOptions();
  final WriteOptions synced = new WriteOptions();
  private final LRUCache cache;

  private RocksDbSettings(DBOptions database, ColumnFamilyOptions family, LRUCache cache) {
    this.database = database;
    this.family = family;
    this.cache = cache;
  }

  static RocksDbSettings of(Path directory, KeyValueEngine.Options options) throws IOException {
    NativeLibrary.load();
    boolean isNew = options.presence() == KeyValueEngine.Presence.NEW;
    boolean isState = options.use() != KeyValueEngine.Use.LOG;
    boolean isWritten = options.presence() != KeyValueEngine.Presence.LOOKED_AT;
    Properties properties = new Properties();
    properties.setProperty("track_and_verify_wals_in_manifest", "true");
    DBOptions database =
        DBOptions.getDBOptionsFromProps(properties)
            .setCreateIfMissing(isNew)
            .setErrorIfExists(isNew)
            .setCreateMissingColumnFamilies(isNew)
            .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
            .setMaxTotalWalSize(512L << 20)
            .setMaxBackgroundJobs(2)
            .setMaxOpenFiles(256)
            .setMaxWriteBatchGroupSizeBytes(32L << 20)
            .setUseDirectIoForFlushAndCompaction(
                !isState && isWritten && DirectIo.isPossible(directory))
            .setBytesPerSync(1L << 20)
            .setAtomicFlush(isState)
            .setAvoidFlushDuringShutdown(options.use() != KeyValueEngine.Use.STATE)
            .setKeepLogFileNum(5)
            .setMaxLogFileSize(8L << 20)
            .setInfoLogLevel(InfoLogLevel.WARN_LEVEL);
    LRUCache cache = new LRUCache(CACHE_BYTES);
    BlockBasedTableConfig table =
        new BlockBasedTableConfig()
            .setFormatVersion(FORMAT_VERSION)
            .setUniformCvThreshold(NO_UNIFORM_SEARCH)
            .setBlockCache(cache)
            .setCacheIndexAndFilterBlocks(true)
            .setBlockSize((isState ? 16L : 64L) << 10);
    ColumnFamilyOptions family =
        new ColumnFamilyOptions()
            .setWriteBufferSize(isState ? STATE_WRITE_BUFFER_BYTES : LOG_WRITE_BUFFER_BYTES)
            .setMaxWriteBufferNumber(3)
            .setCompressionType(
                isState ? CompressionType.LZ4_COMPRESSION : CompressionType.NO_COMPRESSION)
            .setTableFormatConfig(table);
    if (!isState) {
      family.setLevel0FileNumCompactionTrigger(1); // keys only grow: files move down as they are
    }
    if (isState) {
      family
          .setEnableBlobFiles(true)
          .setMinBlobSize(LARGE_VALUE_BYTES)
          .setEnableBlobGarbageCollection(true)
          .setBlobGarbageCollectionAgeCutoff(0.5)
          .setBlobGarbageCollectionForceThreshold(0.5);
    }
    RocksDbSettings settings = new RocksDbSettings(database, family, cache);
    settings.written.setDisableWAL(isState);
    settings.synced.setSync(true);
    return settings;
  }

  @Override
  public void close() {
    written.close();
    synced.close();
    family.close();
    database.close();
    cache.close();
  }
}
