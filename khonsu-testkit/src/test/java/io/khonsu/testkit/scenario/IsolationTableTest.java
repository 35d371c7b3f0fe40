package io.khonsu.testkit.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The table of docs/isolation.md says what the scripts say. */
class IsolationTableTest {
  @Test
  void isolationTable_ofTheDocs_equalsTheScripts() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "isolation.md"));
    for (Script script : Script.anomalies()) {
      String verdicts =
          Arrays.stream(Level.values())
              .map(level ->
                  Objects.requireNonNull(script.verdicts().get(level))
                      .ruling()
                      .name()
                      .toLowerCase(Locale.ROOT))
              .collect(Collectors.joining(" | "));
      assertThat(page).contains("| " + script.name() + " | " + verdicts + " |");
    }
  }
}
