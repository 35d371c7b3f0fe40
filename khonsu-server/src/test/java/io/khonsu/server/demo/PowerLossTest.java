package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.durable.LogKind;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import io.khonsu.server.node.SystemCommand;
import io.khonsu.server.torture.LoopDisk;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Power failures: a file system in a file is shut down while a process commits to it, which drops
 * exactly what was not synced, and is mounted again. Killing the process alone would lose nothing,
 * as the operating system keeps what was written. Needs Linux, root, loop devices and xfs_io.
 */
class PowerLossTest {
  private static final int CYCLES = Integer.getInteger("khonsu.powerLossCycles", 25);
  private static final int COMMITS_MAX = 300;
  private static final long IMAGE_BYTES = 2L << 30;

  @TempDir private Path root;

  private @Nullable LoopDisk disk;

  @AfterEach
  void unmount() throws Exception {
    if (disk != null) {
      disk.close();
    }
  }

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void synced_keepsWhatWasAcknowledged_onExt4(LogKind log) throws Exception {
    cutPowerAgainAndAgain("ext4", log, 3);
  }

  @ParameterizedTest
  @Tag("long")
  @CsvSource({"ext4, ENGINE", "ext4, SEGMENTS", "xfs, ENGINE", "xfs, SEGMENTS"})
  void synced_manyTimes_keepsWhatWasAcknowledged(String fileSystem, LogKind log) throws Exception {
    cutPowerAgainAndAgain(fileSystem, log, CYCLES);
  }

  private void cutPowerAgainAndAgain(String fileSystem, LogKind log, int cycles) throws Exception {
    LoopDisk powered = make(fileSystem);
    long seed = ThreadLocalRandom.current().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    CrashAudit audit = CrashAudit.EMPTY;
    for (int cycle = 0; cycle < cycles; cycle++) {
      int commits = random.nextInt(1, COMMITS_MAX);
      audit = cutPower(powered, log, Durability.SYNC, commits, audit);
      assertThat(audit.faults()).as("seed %d, cycle %d", seed, cycle).isEmpty();
      assertThat(audit.missing()).as("seed %d, cycle %d", seed, cycle).isZero();
    }
    System.out.printf(
        "%s, %s, seed %d: %d power failures, %d commits found%n",
        fileSystem, log, seed, cycles, audit.transfers());
  }

  /** Else the test above could not fail. What is left is whole all the same. */
  @ParameterizedTest
  @Tag("long")
  @ValueSource(strings = {"ext4", "xfs"})
  void notSynced_losesTheNewest(String fileSystem) throws Exception {
    LoopDisk powered = make(fileSystem);
    CrashAudit audit = cutPower(powered, LogKind.ENGINE, Durability.SYNC, 1, CrashAudit.EMPTY);
    audit = cutPower(powered, LogKind.ENGINE, Durability.NONE, COMMITS_MAX, audit);

    assertThat(audit.missing()).isPositive();
    assertThat(audit.faults()).isEmpty();
  }

  private CrashAudit cutPower(
      LoopDisk powered, LogKind log, Durability durability, int commits, CrashAudit before)
      throws Exception {
    Path store = mountPoint().resolve("store");
    List<Acknowledgement> acknowledged;
    Redirect errors = Redirect.appendTo(root.resolve("errors").toFile());
    try (WriterProcess writer = WriterProcess.start(store, log, durability, errors)) {
      writer.await(commits);
      pause(writer.pid());
      powered.cutPower();
      acknowledged = writer.kill();
    }
    powered.restorePower();
    try (Khonsu db = Khonsu.open(store, StoreConfig.builder().log(log).build())) {
      return CrashAudit.of(db, before, acknowledged);
    }
  }

  /** The writer must not be told of a sync that is under way when the power goes. */
  private static void pause(long pid) throws Exception {
    SystemCommand.run("kill", "-STOP", pid);
    String status;
    do { // then no thread returns from the system any more
      status = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    } while (status.charAt(status.lastIndexOf(')') + 2) != 'T');
  }

  private LoopDisk make(String fileSystem) throws Exception {
    try {
      SystemCommand.run("xfs_io", "-V");
      disk = LoopDisk.make(root.resolve("image"), mountPoint(), fileSystem, IMAGE_BYTES);
      return disk;
    } catch (IOException e) {
      return abort("power failures need root, loop devices and xfs_io: " + e.getMessage());
    }
  }

  private Path mountPoint() {
    return root.resolve("disk");
  }
}
