package io.khonsu.server.torture;

import io.khonsu.server.demo.DurableAct;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Faults of one kind, by which they are chosen. */
public enum FaultFamily {
  /** {@code kill -9}. */
  KILL,
  /** Processes stand still. */
  PAUSE,
  /** Links are cut, slow, or lose what is sent. */
  LINK,
  /** Clocks are wrong. */
  CLOCK,
  /** There is no room on a disk. */
  FULL_DISK,
  /** Disks lose what was not synced. */
  POWER_LOSS;

  private static final long TRIAL_BYTES = 16L << 20;

  /**
   * {@return the one of a name, as {@link #toString} gives it}
   *
   * @throws IllegalArgumentException if there is none; the message says what there is
   */
  public static FaultFamily of(String name) {
    return Arrays.stream(values())
        .filter(family -> family.toString().equals(name))
        .findAny()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "there are no faults \"%s\", but %s".formatted(name, names())));
  }

  /** {@return the names of all} */
  public static String names() {
    return Arrays.stream(values()).map(FaultFamily::toString).collect(Collectors.joining(", "));
  }

  /** {@return the names of some, in their order, as {@code --faults} takes them} */
  public static String names(Set<FaultFamily> families) {
    return families.stream().sorted().map(FaultFamily::toString).collect(Collectors.joining(","));
  }

  /** {@return whether the nodes' disks must be {@link LoopDisk}s} */
  boolean needsLoopDisks() {
    return this == FULL_DISK || this == POWER_LOSS;
  }

  /**
   * Tries whether this machine can do them, in a temporary directory.
   *
   * @throws IOException if not; the message says why, and what is needed
   */
  void tryOut() throws IOException, InterruptedException {
    if (!needsLoopDisks()) {
      return;
    }
    Path directory = Files.createTempDirectory("khonsu-" + this);
    Leftovers.Leftover files = Leftovers.add(() -> DurableAct.delete(directory));
    try (LoopDisk disk =
        LoopDisk.make(directory.resolve("image"), directory.resolve("disk"), "ext4", TRIAL_BYTES)) {
      if (this == POWER_LOSS) {
        disk.cutPower();
        disk.restorePower();
      } else {
        disk.fill();
        disk.makeRoom();
      }
    } catch (IOException e) {
      throw new IOException(
          "%s is not possible on this machine, for it needs %s: %s"
              .formatted(this, LoopDisk.NEEDS, e.getMessage()),
          e);
    } finally {
      Leftovers.end(files);
    }
  }

  /** {@return its name, such as {@code power-loss}} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
