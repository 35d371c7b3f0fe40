package io.khonsu.rocksdb;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RocksDB's native code, which is loaded from a file. Left to itself RocksDB takes that out of its
 * jar and deletes it when the process exits; one that is killed would leave 17 MB behind each time.
 */
final class NativeLibrary {
  /** RocksDB's own name for the variable that says where the file is to be. */
  private static final String PLACE = "ROCKSDB_SHAREDLIB_DIR";

  private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);
  private static boolean isLoaded;

  private NativeLibrary() {}

  /**
   * Loads it, unless it is, and deletes the file at once, as far as the system lets go of it.
   *
   * @throws IOException if it cannot be loaded from where it is put
   */
  static synchronized void load() throws IOException {
    if (isLoaded) {
      return;
    }
    String asked = System.getenv(PLACE);
    String place = asked == null || asked.isEmpty() ? System.getProperty("java.io.tmpdir") : asked;
    try {
      load(Files.createTempDirectory(Path.of(place), "khonsu-rocksdb-"));
      isLoaded = true;
    } catch (IOException | RuntimeException | UnsatisfiedLinkError e) {
      throw new IOException(
          ("RocksDB's native library cannot be loaded from a file in %s: %s. If files cannot be"
                  + " written or run there, let the environment variable %s name another directory")
              .formatted(place, e.getMessage(), PLACE),
          e);
    }
  }

  private static void load(Path directory) throws IOException {
    directory.toFile().deleteOnExit(); // where a file that is in use cannot be deleted
    try {
      NativeLibraryLoader.getInstance().loadLibrary(directory.toString());
      RocksDB.loadLibrary();
    } finally {
      delete(directory);
    }
  }

  private static void delete(Path directory) {
    try {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("RocksDB's library stays in {} until the end", directory);
    }
  }
}
