package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file system that loses its power and gets full; left out where the machine cannot do that. */
class LoopDiskTest {
  static final long BYTES = 32L << 20;

  @TempDir private Path root;

  private @Nullable LoopDisk disk;

  private LoopDisk make(FaultFamily family) throws Exception {
    try {
      family.tryOut();
    } catch (IOException e) {
      return abort(String.valueOf(e.getMessage()));
    }
    disk = LoopDisk.make(root.resolve("image"), root.resolve("disk"), "ext4", BYTES);
    return disk;
  }

  @AfterEach
  void unmount() throws Exception {
    if (disk != null) {
      disk.close();
    }
  }

  private Path file(String name) {
    return root.resolve("disk").resolve(name);
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Test
  void powerLoss_keepsWhatWasSynced_alone() throws Exception {
    LoopDisk made = make(FaultFamily.POWER_LOSS);
    Files.writeString(file("synced"), "kept");
    sync(file("synced"));
    sync(root.resolve("disk"));
    Files.writeString(file("written"), "lost");
    made.cutPower();
    assertThatThrownBy(() -> Files.writeString(file("later"), "x")).isInstanceOf(IOException.class);
    made.restorePower();
    assertThat(file("synced")).hasContent("kept");
    assertThat(Files.exists(file("written")) && !Files.readString(file("written")).isEmpty())
        .isFalse();
  }

  @Test
  void fullDisk_hasNoRoom_untilThereIsAgain() throws Exception {
    LoopDisk made = make(FaultFamily.FULL_DISK);
    Files.write(file("large"), new byte[1 << 20]);
    made.fill();
    assertThatThrownBy(() -> Files.write(file("more"), new byte[1 << 16]))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(LoopDisk.FULL);
    Files.delete(file("large"));
    made.fill(); // takes that as well
    assertThatThrownBy(() -> Files.write(file("more"), new byte[1 << 16]))
        .isInstanceOf(IOException.class);
    made.makeRoom();
    Files.write(file("more"), new byte[1 << 20]);
    assertThat(file("more")).hasSize(1 << 20);
  }

  @Test
  void closed_isUnmounted_andRefusesAll() throws Exception {
    LoopDisk made = make(FaultFamily.FULL_DISK);
    Files.writeString(file("inside"), "x");
    made.close();
    made.close();
    assertThat(root.resolve("disk")).isEmptyDirectory();
    assertThatThrownBy(made::fill).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void make_whereAFileIs_isRefused() throws Exception {
    Path image = Files.createFile(root.resolve("image"));
    assertThatThrownBy(() -> LoopDisk.make(image, root.resolve("disk"), "ext4", BYTES))
        .isInstanceOf(IOException.class);
    Path other = root.resolve("other");
    assertThatThrownBy(() -> LoopDisk.make(other, root.resolve("disk"), "no-such", BYTES))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("mkfs.no-such");
  }
}
