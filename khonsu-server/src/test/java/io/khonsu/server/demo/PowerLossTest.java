package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.durable.LogKind;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
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

  private boolean isMounted;

  @AfterEach
  void unmount() throws Exception {
    if (isMounted && !works("umount", mountPoint())) {
      boolean _ = works("umount", "-l", mountPoint()); // what a failed test has left open
      throw new AssertionError("the file system is still in use: " + log());
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
    make(fileSystem);
    long seed = ThreadLocalRandom.current().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    CrashAudit audit = CrashAudit.EMPTY;
    for (int cycle = 0; cycle < cycles; cycle++) {
      int commits = random.nextInt(1, COMMITS_MAX);
      audit = cutPower(log, Durability.SYNC, commits, audit);
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
    make(fileSystem);
    CrashAudit audit = cutPower(LogKind.ENGINE, Durability.SYNC, 1, CrashAudit.EMPTY);
    audit = cutPower(LogKind.ENGINE, Durability.NONE, COMMITS_MAX, audit);

    assertThat(audit.missing()).isPositive();
    assertThat(audit.faults()).isEmpty();
  }

  private CrashAudit cutPower(LogKind log, Durability durability, int commits, CrashAudit before)
      throws Exception {
    Path store = mountPoint().resolve("store");
    List<Acknowledgement> acknowledged;
    Redirect errors = Redirect.appendTo(root.resolve("errors").toFile());
    try (WriterProcess writer = WriterProcess.start(store, log, durability, errors)) {
      writer.await(commits);
      pause(writer.pid());
      run("xfs_io", "-x", "-c", "shutdown", mountPoint());
      acknowledged = writer.kill();
    }
    run("umount", mountPoint());
    isMounted = false;
    mount();
    try (Khonsu db = Khonsu.open(store, StoreConfig.builder().log(log).build())) {
      return CrashAudit.of(db, before, acknowledged);
    }
  }

  /**
   * While a file system is shut down, Linux may say of a sync under way that it has succeeded when
   * it has not, as no power failure does. So whoever would be told of that is stopped before.
   */
  private void pause(long pid) throws Exception {
    run("kill", "-STOP", pid);
    String status;
    do { // then no thread returns from the system any more
      status = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    } while (status.charAt(status.lastIndexOf(')') + 2) != 'T');
  }

  private void make(String fileSystem) throws Exception {
    assumeTrue(works("xfs_io", "-V"), "power failures need xfs_io, of the package xfsprogs");
    assumeTrue(works("mkfs." + fileSystem, "-V"), "power failures need mkfs." + fileSystem);
    Path image = Files.createFile(root.resolve("image"));
    run("truncate", "-s", IMAGE_BYTES, image);
    run("mkfs." + fileSystem, "-q", image);
    Files.createDirectory(mountPoint());
    assumeTrue(works("mount", "-o", "loop", image, mountPoint()), "cannot mount a loop device");
    isMounted = true;
  }

  private void mount() throws Exception {
    run("mount", "-o", "loop", root.resolve("image"), mountPoint());
    isMounted = true;
  }

  private Path mountPoint() {
    return root.resolve("disk");
  }

  private void run(Object... command) throws Exception {
    assertThat(works(command)).as("%s: %s", List.of(command), log()).isTrue();
  }

  private String log() throws IOException {
    Path commands = root.resolve("commands");
    return Files.exists(commands) ? Files.readString(commands) : "";
  }

  /** Runs a command. {@return whether it ended with 0; false if there is none of that name} */
  private boolean works(Object... command) throws Exception {
    List<String> words = new ArrayList<>();
    for (Object word : command) {
      words.add(word.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    try {
      Redirect output = Redirect.appendTo(root.resolve("commands").toFile());
      return builder.redirectOutput(output).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
