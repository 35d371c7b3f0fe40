package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a program is told whose JVM does not let Arrow use memory. */
class JvmFlagTest {
  private static final String FLAG = "--add-opens=java.base/java.nio=ALL-UNNAMED";

  /** A program that makes a store. */
  static final class Program {
    static void main(String[] args) {
      try (Khonsu db = Khonsu.inMemory()) {
        Table table = Items.rows(db, "items");
        var _ = Items.put(db, table, "a", 5);
        try (Snapshot snapshot = db.snapshot()) {
          for (RecordBatch batch : snapshot.scan(table)) {
            System.out.println("rows: " + batch.rowCount() + batch.vector("value"));
          }
        }
      } catch (IllegalStateException e) {
        System.out.println("refused: " + e.getMessage());
      }
    }
  }

  private static String run(String flag) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                flag,
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName())
            .redirectErrorStream(true)
            .start();
    try (var output = process.getInputStream()) {
      return new String(output.readAllBytes(), Charset.defaultCharset());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xshare:auto", "--enable-native-access=ALL-UNNAMED"})
  void store_withoutTheFlag_isRefused_andTheFlagIsNamed(String other) throws Exception {
    assertThat(run(other)).contains("refused: Arrow cannot use memory: start java with " + FLAG);
  }

  @Test
  void store_withTheFlag_works() throws Exception {
    assertThat(run(FLAG)).contains("rows: 1[5]");
  }
}
