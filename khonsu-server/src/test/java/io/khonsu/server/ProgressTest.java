package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final StringWriter text = new StringWriter();
  private final PrintWriter out = new PrintWriter(text);
  private long nanos;

  @Test
  void terminal_redrawsInPlaceAndWipesAtTheEnd() {
    try (Progress progress = new Progress(out, Progress.Target.TERMINAL, () -> nanos)) {
      progress.show("12345");
      progress.show("abc");
    }
    assertThat(text.toString()).isEqualTo("\r12345\rabc  \r   \r");
  }

  @Test
  void file_getsALineASecond() {
    try (Progress progress = new Progress(out, Progress.Target.FILE, () -> nanos)) {
      progress.show("at 0");
      nanos += 999_999_999;
      progress.show("too early");
      nanos++;
      progress.show("at 1");
    }
    assertThat(text.toString()).hasLineCount(2).startsWith("at 0").contains("at 1");
  }
}
