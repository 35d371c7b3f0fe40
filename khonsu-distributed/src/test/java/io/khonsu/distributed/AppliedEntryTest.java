package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
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
  void bytesThatAreCutOff_orOthers_areRefused() {
    byte[] whole = ENTRY.encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      byte[] other = whole.clone();
      other[length] ^= 0x10;
      for (byte[] bytes : List.of(cut, other)) {
        assertThatThrownBy(() -> AppliedEntry.decode(bytes))
            .as("%d bytes", length)
            .isInstanceOf(DamagedStorageException.class);
      }
    }
  }

  @Test
  void formatOfAnotherVersion_isRefused() {
    byte[] format = ENTRY.encode();
    int length = format.length - Integer.BYTES;
    format[0]++;
    CRC32C checksum = new CRC32C();
    checksum.update(format, 0, length);
    ByteBuffer.wrap(format).putInt(length, (int) checksum.getValue());
    assertThatThrownBy(() -> AppliedEntry.decode(format))
        .isInstanceOf(StorageRefusedException.class)
        .hasMessageContaining("format version 2");
  }
}
