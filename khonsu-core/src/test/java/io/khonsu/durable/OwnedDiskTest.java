package io.khonsu.durable;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.durable.OwnedDisk.Owner;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose a disk is, who uses it, and what it is known to hold. */
class OwnedDiskTest {
  private static final Owner OWNER = new Owner("node 1", "ask somebody");
  private static final List<String> SPACES = List.of("a");
  private static final byte[] KEY = {'k'};

  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();
  @TempDir private Path root;

  /** The file of format 1 as it is on disks: this never changes. */
  @Test
  void golden_format1() throws IOException {
    try (OwnedDisk disk = create()) {
      put(disk, 1);
      put(disk, 2);
    }
    assertThat(Files.readString(file())).isEqualTo(fileText(2));
    try (OwnedDisk disk = open()) {
      assertThat(disk.get("a", KEY)).containsExactly(2);
    }
  }

  /** Else the second one would delete what the first one is about to write to. */
  @Test
  void secondUser_isRefused_alsoBeforeTheFirstWrite() throws IOException {
    try (OwnedDisk disk = create()) {
      Path used = Files.createDirectory(place().resolve("data")).resolve("used");
      Files.writeString(used, "by the first one");
      refused(this::create, Reason.IN_USE, "open: close it there first");
      assertThat(used).hasContent("by the first one");
      put(disk, 1);
      refused(this::open, Reason.IN_USE, "open: close it there first");
      refused(this::create, Reason.NOT_A_STORE, "not as new");
    }
    try (OwnedDisk disk = open()) {
      assertThat(disk.get("a", KEY)).containsExactly(1);
    }
  }

  @Test
  void refusal_leavesNothingOpen_andNothingBehind() throws IOException {
    Files.createDirectory(place());
    Files.writeString(place().resolve("letter.txt"), "Dear");
    refused(this::create, Reason.NOT_A_STORE, "not an empty directory");
    refused(this::open, Reason.DATA_LOSS, "does not hold node 1", "ask somebody");
    assertThat(place().resolve(StoreLock.NAME)).doesNotExist();
    Files.delete(place().resolve("letter.txt"));
    try (OwnedDisk disk = create()) {
      put(disk, 1);
    }
    String text = Files.readString(file());
    Files.writeString(file(), fileText(4));
    refused(this::open, Reason.DATA_LOSS, "ends after 1 writes, but had 4", "ask somebody");
    Files.writeString(file(), text);
    refused(
        () -> OwnedDisk.open(place(), new Owner("node 2", ""), SPACES, engine),
        Reason.FOREIGN_PART,
        "belongs to node 1");
    open().close();
    assertThat(engine.openStores()).isZero();
  }

  private static void refused(ThrowingCallable opening, Reason reason, String... parts) {
    assertThatThrownBy(opening)
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContainingAll(parts);
  }

  private OwnedDisk create() throws IOException {
    return OwnedDisk.create(place(), OWNER, SPACES, engine);
  }

  private OwnedDisk open() throws IOException {
    return OwnedDisk.open(place(), OWNER, SPACES, engine);
  }

  private static void put(OwnedDisk disk, int value) throws IOException {
    disk.write(new KeyValueBatch().put("a", KEY, new byte[] {(byte) value}), Sync.SYNCED);
  }

  private Path place() {
    return root.resolve("disk");
  }

  private Path file() {
    return place().resolve("khonsu.disk");
  }

  private static String fileText(long writes) {
    String lines = "khonsu disk 1%nnode 1%nmemory%n%d%n".formatted(writes);
    CRC32C crc = new CRC32C();
    crc.update(lines.getBytes(UTF_8));
    return lines + Long.toHexString(crc.getValue()) + "\n";
  }
}
