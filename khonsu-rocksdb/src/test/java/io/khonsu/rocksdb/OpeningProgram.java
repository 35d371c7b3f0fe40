package io.khonsu.rocksdb;

import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Opens a store in another process, and keeps it open until its input ends, or it is killed. */
final class OpeningProgram {
  private OpeningProgram() {}

  /** Says that the store is open, or why it is not; the argument is the directory. */
  public static void main(String[] arguments) throws IOException {
    Options options = new Options(Use.STATE, Presence.NEW, List.of("space"));
    try (KeyValueStore store = new RocksDbEngine().open(Path.of(arguments[0]), options)) {
      System.out.println("open " + (store.get("space", new byte[] {1}) == null));
      var _ = System.in.read();
    } catch (IOException e) {
      System.out.println(e.getMessage());
    }
  }
}
