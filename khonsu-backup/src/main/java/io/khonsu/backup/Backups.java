package io.khonsu.backup;

import io.khonsu.backup.ArchiveStore.StoredObject;
import io.khonsu.durable.DurableSettings;
import io.khonsu.spi.KeyValueEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * An archive, from the side of those who look after it and restore from it: no store need run, and
 * one that runs goes on archiving meanwhile. Each call looks at the archive anew. Thread-safe.
 */
public final class Backups {
  private final ArchiveStore archive;
  private final InstantSource clock;

  private Backups(ArchiveStore archive, InstantSource clock) {
    this.archive = archive;
    this.clock = clock;
  }

  /**
   * {@return what looks after an archive}
   *
   * @param archive borrowed
   * @throws ForeignArchiveException if it is no archive
   */
  public static Backups open(ArchiveStore archive) throws IOException {
    return open(archive, InstantSource.system());
  }

  static Backups open(ArchiveStore archive, InstantSource clock) throws IOException {
    if (ArchiveIndex.idOf(archive).isEmpty()) {
      throw ArchiveIndex.noArchive(archive);
    }
    return new Backups(archive, clock);
  }

  /** {@return what the archive holds} */
  public ArchiveStatus status() throws IOException {
    ArchiveIndex index = index();
    return new ArchiveStatus(
        index.id(),
        List.copyOf(index.timelines().values()),
        index.bases(),
        index.points(),
        index.windows(Set.of()),
        index.segments().size(),
        index.objects().values().stream().mapToLong(StoredObject::sizeBytes).sum());
  }

  /**
   * {@return how a state would be restored; nothing is done}
   *
   * @param target which state: of the timeline of the restore point, or else of the one on which
   *     the newest transaction was archived
   * @throws UnrestorableException if it cannot be, saying what could be
   */
  public RestorePlan plan(RestoreTarget target) throws IOException {
    return new Planning(index()).plan(target, null);
  }

  /**
   * {@return how a state of a timeline would be restored; nothing is done}
   *
   * @param target which state
   * @param timeline the number of the timeline
   * @throws UnrestorableException if it cannot be, saying what could be
   */
  public RestorePlan plan(RestoreTarget target, int timeline) throws IOException {
    return new Planning(index()).plan(target, timeline);
  }

  /**
   * Names a state that can be restored.
   *
   * @param name of the restore point, as {@link RestorePoint#name} says
   * @param plan how it would be restored
   * @throws IllegalArgumentException if the name is none, or is taken
   * @throws UnrestorableException if it cannot be restored any more, saying what can be
   */
  public RestorePoint createRestorePoint(String name, RestorePlan plan) throws IOException {
    return createRestorePoint(name, plan.timeline().number(), plan.version());
  }

  RestorePoint createRestorePoint(String name, int timeline, long version) throws IOException {
    RestorePoint point = new RestorePoint(name, timeline, version, clock.instant());
    RestorePlan _ = plan(new RestoreTarget.AtVersion(version), timeline);
    byte[] bytes = point.bytes();
    if (!archive.putIfAbsent(point.object(), out -> out.write(bytes))) {
      throw new IllegalArgumentException("there is a restore point %s already".formatted(name));
    }
    return point;
  }

  /**
   * Makes a store of a state that was planned. It has an id of its own; when it is archived into
   * the same archive, it begins a new timeline there.
   *
   * @param plan which state
   * @param directory that is new or empty; its parent exists. It appears at once, whole; a restore
   *     that crashed has left nothing there, and is begun anew by the next call
   * @param settings the kind of its log
   * @param progress told of bytes read
   * @throws java.nio.file.FileAlreadyExistsException if there is something in the directory
   * @throws DamagedArchiveException if an object is not what was written, or is missing
   */
  public RestoreResult restore(
      RestorePlan plan, Path directory, DurableSettings settings, BackupProgress progress)
      throws IOException {
    return new RestoredDirectory(directory).restore(index(), plan, settings, progress);
  }

  /**
   * Makes a base backup of a state that was planned, so that restores of it, and of what came
   * after, begin with it. No store is needed for that, and one that runs goes on archiving.
   *
   * @param plan which state
   * @param label what to call it, at most {@value BaseBackup#LABEL_LENGTH_MAX} printable characters
   * @param scratch a directory on a disk with room for one state, as {@link Scratch} says
   * @param progress told of bytes read, then of bytes written
   * @return the base; the same as before if there was one of this version
   * @throws DamagedArchiveException if an object is not what was written, or is missing
   */
  public BaseBackup createBase(
      RestorePlan plan, String label, Path scratch, BackupProgress progress) throws IOException {
    BaseBackup.checkLabel(label);
    Timeline timeline = plan.timeline();
    try (Scratch own = Scratch.in(scratch);
        Restoring restoring =
            new Restoring(
                index(),
                plan,
                own.path(),
                DurableSettings.defaults(),
                progress,
                timeline.storeId())) {
      restoring.replay(plan.version());
      Path place = own.path().resolve(BaseTaking.SCRATCH);
      restoring.state().checkpoint(place); // without what belongs to whoever has it open
      return new BaseTaking(archive, timeline, clock)
          .take(place, KeyValueEngine.onClassPath(), label, progress);
    }
  }

  /**
   * {@return what pruning would take away; nothing is done}
   *
   * @param policy what stays
   */
  public PrunePlan planPrune(RetentionPolicy policy) throws IOException {
    return Pruning.plan(index(), policy, clock.instant());
  }

  /**
   * Takes away what a policy does not keep.
   *
   * @param policy what stays
   * @param caution whether to go on if restore points get lost, or the archive is damaged
   * @return what was taken away
   * @throws PruneRefusedException if there is a reason not to, and {@code caution} says to heed it
   */
  public PrunePlan prune(RetentionPolicy policy, Caution caution) throws IOException {
    ArchiveIndex index = index();
    PrunePlan plan = Pruning.plan(index, policy, clock.instant());
    if (caution == Caution.REFUSE) {
      check(index, plan);
    }
    List<String> gone = new ArrayList<>();
    for (String object : plan.objects()) {
      if (!Layout.isFile(object)) {
        archive.delete(object);
        gone.add(object);
      }
    }
    // Looked at again, as a base that was begun before may count on files that were to go. One
    // that is begun meanwhile touches those that it needs, or misses them at its end.
    Set<String> unneeded = Set.copyOf(planPrune(policy).objects());
    for (String object : plan.objects()) {
      boolean isGone =
          Layout.isFile(object)
              && unneeded.contains(object)
              && archive.deleteIfOlder(object, clock.instant().minus(policy.objectGrace()));
      if (isGone) {
        gone.add(object);
      }
    }
    long bytes = gone.stream().mapToLong(index::sizeBytes).sum();
    return new PrunePlan(plan.bases(), gone, bytes, plan.lostPoints(), plan.windows());
  }

  /** What pruning does if it would take away more than was asked for. */
  public enum Caution {
    /** It refuses. */
    REFUSE,
    /** It goes on. */
    FORCE
  }

  /**
   * Looks whether the archive is what was written, and what can be restored.
   *
   * @param depth how far to look; {@link VerifyDepth#RESTORE} needs {@link #verify(Path,
   *     BackupProgress)}
   * @param progress told of bytes read
   */
  public VerifyReport verify(VerifyDepth depth, BackupProgress progress) throws IOException {
    if (depth == VerifyDepth.RESTORE) {
      throw new IllegalArgumentException("depth RESTORE needs a scratch directory");
    }
    Verifying verifying = new Verifying(index(), progress);
    verifying.checkFiles();
    if (depth == VerifyDepth.DATA) {
      verifying.checkData();
    }
    return verifying.report(depth);
  }

  /**
   * Looks at everything, restores every window, and compares states with what was recorded.
   *
   * @param scratch a directory on a disk with room for one state, as {@link Scratch} says
   * @param progress told of bytes read
   */
  public VerifyReport verify(Path scratch, BackupProgress progress) throws IOException {
    Verifying verifying = new Verifying(index(), progress);
    verifying.checkFiles();
    verifying.checkData();
    try (Scratch own = Scratch.in(scratch)) {
      verifying.checkRestores(own.path());
    }
    return verifying.report(VerifyDepth.RESTORE);
  }

  private static void check(ArchiveIndex index, PrunePlan plan) throws PruneRefusedException {
    if (!index.damages().isEmpty()) {
      throw new PruneRefusedException(
          "the archive is damaged, so it is not known what can go: "
              + index.damages().getFirst().getMessage());
    }
    for (BaseBackup base : plan.bases()) {
      if (!index.isWhole(base)) {
        throw new PruneRefusedException(
            "base %s is not whole: verify the archive".formatted(base.object()));
      }
    }
    if (!plan.lostPoints().isEmpty()) {
      throw new PruneRefusedException(
          "restore points would be lost: "
              + String.join(", ", plan.lostPoints().stream().map(RestorePoint::name).toList()));
    }
  }

  private ArchiveIndex index() throws IOException {
    return ArchiveIndex.load(archive);
  }
}
