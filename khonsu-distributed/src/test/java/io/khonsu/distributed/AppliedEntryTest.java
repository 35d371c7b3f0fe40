package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AppliedEntryTest {
  private static final AppliedEntry ENTRY =
      new AppliedEntry(
          77,
          List.of(
              new AppliedEntry.Asked(500, 90),
              new AppliedEntry.Made(new LogRecord(502, new byte[] {1, 2, 3})),
              new AppliedEntry.Asked(503, 70_000)));

  @Test
  void entry_isTheSame_afterItWasWritten() throws Exception {
    AppliedEntry read = AppliedEntry.decode(ENTRY.encode());
    assertThat(read).isEqualTo(ENTRY);
    assertThat(read.lastVersion()).isEqualTo(503);
    assertThat(read.commits().get(1).sizeBytes()).isEqualTo(3);
  }

  @Test
  void bytesThatAreCutOff_areRefused() {
    byte[] whole = ENTRY.encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      boolean isWhole = length == 22 || length == 38; // the first commits without the rest
      if (!isWhole) {
        assertThatThrownBy(() -> AppliedEntry.decode(cut))
            .as("%d bytes", length)
            .isInstanceOf(DamagedStorageException.class);
      }
    }
  }

  @Test
  void unknownFormat_andImpossibleSize_areRefused() {
    byte[] format = ENTRY.encode();
    format[0]++;
    assertThatThrownBy(() -> AppliedEntry.decode(format))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("format version 2");
    byte[] size = ENTRY.encode();
    size[30] = 127; // of the second
    assertThatThrownBy(() -> AppliedEntry.decode(size))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("in ");
  }
}
