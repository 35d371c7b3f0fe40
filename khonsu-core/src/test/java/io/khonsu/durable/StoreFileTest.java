package io.khonsu.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.durable.StoreFile.Content;
import io.khonsu.durable.StoreFile.Phase;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file that says whose a directory is. */
class StoreFileTest {
  private static final String GOLDEN_CHECKSUM = "3d253787";

  @TempDir private Path root;

  /** Format 1 as it is on disks: this never changes. */
  @Test
  void golden_format1() throws IOException {
    Content content =
        new Content(Phase.CLOSED, 5, new StoreId(1, 2), 3, 0x0102L, LogKind.SEGMENTS, "rocksdb");
    byte[] slot = StoreFile.bytes(content);
    String written =
        "4b484f4e53544f52"
            + "00000001"
            + "00000003"
            + "0000000000000005"
            + "00000000000000010000000000000002"
            + "0000000000000003"
            + "0000000000000102"
            + "00000002"
            + "00000007"
            + "726f636b736462";
    String hex = HexFormat.of().formatHex(slot);
    assertThat(hex).startsWith(written).endsWith(GOLDEN_CHECKSUM);
    assertThat(hex.substring(written.length(), 1_016)).matches("0*");
    assertThat(StoreFile.slot(slot)).isEqualTo(content);
  }

  @Test
  void version_unknown_isRefusedByName() throws IOException {
    StoreFile.create(root, LogKind.ENGINE, "memory").close();
    byte[] bytes = Files.readAllBytes(file());
    bytes[11] = 4;
    Files.write(file(), bytes);
    assertThatThrownBy(() -> StoreFile.read(root))
        .isInstanceOfSatisfying(
            StorageRefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(StorageRefusedException.Reason.UNKNOWN_FORMAT))
        .hasMessageContaining("version 4");
  }

  @Test
  void update_isFoundAgain_andLeavesTheOneBefore() throws IOException {
    Content last;
    try (StoreFile file = StoreFile.create(root, LogKind.ENGINE, "memory")) {
      file.update(Phase.IN_USE, 7);
      file.begin(8);
      last = file.content();
    }
    assertThat(last.incarnation()).isEqualTo(2);
    assertThat(StoreFile.read(root)).isEqualTo(last);
    byte[] whole = Files.readAllBytes(file());
    int newest = (int) (last.sequence() % 2) * StoreFile.SLOT_BYTES;
    byte[] torn = whole.clone();
    Arrays.fill(torn, newest + 100, newest + StoreFile.SLOT_BYTES, (byte) 0);
    Files.write(file(), torn);
    assertThat(StoreFile.read(root).syncedVersion()).isEqualTo(7);
    byte[] lost = torn.clone();
    lost[StoreFile.SLOT_BYTES - newest + 50] ^= 1;
    Files.write(file(), lost);
    assertThatThrownBy(() -> StoreFile.read(root)).isInstanceOf(DamagedStorageException.class);
    Files.write(file(), new byte[0]);
    assertThatThrownBy(() -> StoreFile.read(root)).isInstanceOf(DamagedStorageException.class);
  }

  private Path file() {
    return root.resolve(StoreFile.NAME);
  }
}
