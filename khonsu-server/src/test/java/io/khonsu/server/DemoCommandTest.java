package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code khonsu demo}: its summary, its exit codes. */
class DemoCommandTest {
  // Tests run in the directory of their module.
  private static final Path DATA = Path.of("..", "data");

  @Test
  void demo_fitsOneScreenAndHolds() {
    CommandRun run = CommandRun.of("demo", "--seconds", 1, "--threads", 2, "--data", DATA);

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out().lines()).hasSizeLessThanOrEqualTo(24);
    assertThat(run.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(100));
    assertThat(run.out())
        .contains("200,000 flights", "3,376 airports")
        .containsPattern("1,500,159 delay minutes when loaded")
        .containsPattern("1,500,159 in a columnar scan of the flights")
        .containsPattern("1,500,159 in the airports' totals, and every airport's are those")
        .containsPattern("FAIL +WRITE_WRITE: the second aborts, leaving fog\n")
        .containsPattern("IGNORE +WRITE_WRITE: .*, leaving fog\n")
        .containsPattern("REPLACE +WRITE_WRITE: .*, leaving snow\n")
        .containsPattern("APPEND +NONE: .*, leaving fog and snow\n")
        .containsPattern("Kill -9 +[0-9,]+ commits on disk were acknowledged")
        .containsPattern("found, after opening in .* s: every acknowledged one, whole\n")
        .containsPattern("transfers deleted by mistake, .* all tables as before\n")
        .endsWith("No minute was lost or invented, and no commit was lost.\n");
    assertThat(run.err()).contains("loading");
  }

  @Test
  void json_holdsTheInvariantAndKeepsProgressOffOut() {
    CommandRun run =
        CommandRun.of(
            "demo", "--seconds", 1, "--threads", 3, "--seed", 7, "--json", "--data", DATA);

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .startsWith("{\n")
        .endsWith("}\n")
        .contains(
            "\"holds\": true",
            "\"invariantHolds\": true",
            "\"threads\": 3",
            "\"seed\": 7",
            "\"flights\": 200000",
            "\"minutes\": 1500159",
            "\"flightMinutes\": 1500159",
            "\"airportMinutes\": 1500159",
            "\"wrongAirports\": 0",
            "\"wrongLiveSnapshots\": 0",
            "\"seenInside\": 199000",
            "\"seenAfter\": 200000",
            "\"unchanged\": true",
            "\"lost\": 0",
            "\"faults\": []",
            "\"asBefore\": true")
        .containsPattern("\"transactions\": [1-9]")
        .containsPattern("\"acknowledged\": [1-9]");
  }

  @ParameterizedTest
  @CsvSource({
    "--seconds, 0, --seconds must be 1 to 3600",
    "--seconds, 3601, --seconds must be 1 to 3600",
    "--seconds, soon, 'soon'",
    "--threads, 0, --threads must be 1 to 256",
    "--threads, 257, --threads must be 1 to 256",
    "--seed, x, 'x'"
  })
  void badOption_isBadUsage(String option, String value, String message) {
    CommandRun run = CommandRun.of("demo", option, value);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).startsWith("khonsu demo: ").contains(message, "khonsu demo --help");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void dataMissing_namesTheFile(@TempDir Path directory) {
    CommandRun run = CommandRun.of("demo", "--data", directory);

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).startsWith("khonsu demo: ").contains("missing", "flights-200k.arrow");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void withoutLauncherAndData_namesTheLauncher() {
    CommandRun run = CommandRun.of("demo");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).contains("./khonsu");
  }

  @Test
  void flightsDamaged_isCorruption(@TempDir Path directory) throws IOException {
    Files.writeString(directory.resolve("flights-200k.arrow"), "no Arrow file at all, but long");
    Files.copy(DATA.resolve("airports.csv"), directory.resolve("airports.csv"));

    CommandRun run = CommandRun.of("demo", "--data", directory);

    assertThat(run.exitCode()).isEqualTo(6);
    assertThat(run.err()).contains("flights-200k.arrow is not a file of flights");
  }

  @ParameterizedTest
  @CsvSource({
    "0, does not begin with the line",
    "100, a quote is not closed",
    "1000, 7 fields expected"
  })
  void airportsDamaged_isCorruption(int at, String message, @TempDir Path directory)
      throws IOException {
    Files.copy(DATA.resolve("flights-200k.arrow"), directory.resolve("flights-200k.arrow"));
    String airports = Files.readString(DATA.resolve("airports.csv"));
    String damage = at == 1000 ? "," : "\"";
    Files.writeString(
        directory.resolve("airports.csv"),
        airports.substring(0, at) + damage + airports.substring(at));

    CommandRun run = CommandRun.of("demo", "--data", directory);

    assertThat(run.exitCode()).isEqualTo(6);
    assertThat(run.err()).contains("airports.csv", message);
  }
}
