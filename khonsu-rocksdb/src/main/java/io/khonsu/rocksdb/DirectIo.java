package io.khonsu.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.rocksdb.EnvOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out whether files can be written past the cache of the system. */
final class DirectIo {
  private static final Logger LOG = LoggerFactory.getLogger(DirectIo.class);
  private static final byte[] ONE = {1};

  private DirectIo() {}

  /**
   * {@return whether RocksDB can write its files past the cache: not every file system takes that,
   * so it is tried}
   *
   * @param directory it or its parent must be there
   * @throws IOException if what was written to try it cannot be deleted
   */
  static boolean isPossible(Path directory) throws IOException {
    Path place = Files.isDirectory(directory) ? directory : directory.toAbsolutePath().getParent();
    if (place == null) {
      return false;
    }
    Path probe = place.resolve("probe-%s.tmp".formatted(UUID.randomUUID()));
    try (EnvOptions environment = new EnvOptions().setUseDirectWrites(true);
        Options options = new Options();
        SstFileWriter writer = new SstFileWriter(environment, options)) {
      writer.open(probe.toString());
      writer.put(ONE, ONE);
      writer.finish();
      return true;
    } catch (RocksDBException e) {
      LOG.atDebug().setCause(e).addKeyValue("directory", directory).log("no direct writes");
      return false;
    } finally {
      var _ = Files.deleteIfExists(probe);
    }
  }
}
