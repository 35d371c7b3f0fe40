package io.khonsu.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** RocksDB's own code leaves no files behind, and says what is wrong where it cannot be loaded. */
@Timeout(60)
class NativeLibraryTest {
  private static final String PLACE = "ROCKSDB_SHAREDLIB_DIR";

  @TempDir Path root;
  private Path temporary;

  @BeforeEach
  void makeDirectory() throws IOException {
    temporary = Files.createDirectory(root.resolve("temporary"));
  }

  @Test
  void process_thatIsKilled_leavesNoFile() throws Exception {
    Process process = program().start();
    try (BufferedReader output = process.inputReader(UTF_8)) {
      assertThat(output.readLine()).isEqualTo("open true");
    } finally {
      assertThat(process.destroyForcibly().waitFor()).isNotZero();
    }
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void place_thatIsNotThere_isNamedWithWhatToDo() throws Exception {
    ProcessBuilder builder = program();
    Path missing = root.resolve("missing");
    builder.environment().put(PLACE, missing.toString());
    assertThat(outputOf(builder)).contains(missing.toString(), PLACE, "name another directory");
  }

  @Test
  void place_thatIsNamed_isTakenAndLeftEmpty() throws Exception {
    ProcessBuilder builder = program();
    Path named = Files.createDirectory(root.resolve("named"));
    builder.environment().put(PLACE, named.toString());
    Files.delete(temporary);
    assertThat(outputOf(builder)).startsWith("open true");
    assertThat(named).isEmptyDirectory();
  }

  private static String outputOf(ProcessBuilder builder) throws Exception {
    Process process = builder.start();
    process.outputWriter(UTF_8).close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private ProcessBuilder program() {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            System.getProperty("java.class.path"),
            OpeningProgram.class.getName(),
            root.resolve("store").toString());
    builder.environment().put(PLACE, ""); // as if it were not set
    return builder.redirectError(root.resolve("errors").toFile());
  }
}
