package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.backup.VerifyReport.Finding;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.LogKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What is restored is what was committed at or before the target: compared with maps that the test
 * itself has kept. A seed that fails is printed; {@code -Dseed=N} replays it.
 */
class RestorePropertyTest {
  private static final long SEED = Long.getLong("seed", 1);

  @TempDir Path root;

  @Test
  void restoredState_isTheFoldOfWhatWasCommitted() throws Exception {
    check(SEED, 8);
  }

  @Test
  @Tag("long")
  void restoredState_isTheFoldOfWhatWasCommitted_often() throws Exception {
    for (long seed = SEED; seed < SEED + 10; seed++) {
      check(seed, 40);
    }
  }

  private void check(long seed, int targets) throws Exception {
    Random random = new Random(seed);
    Path place = root.resolve("seed-" + seed);
    Files.createDirectory(place);
    ArchiveStore archive = DirectoryArchiveStore.create(place.resolve("archive"));
    try (ArchivedStore store =
        new ArchivedStore(place.resolve("store"), archive, new TreeMap<>())) {
      for (int part = 0; part < 4; part++) {
        store.commitRandom(random, 25);
        if (part % 2 == 1) {
          store.archiver.createBase("part " + part, BackupProgress.NONE);
        } else { // of the archive alone, from the empty state or the base before
          store.awaitArchived();
          Backups backups = Backups.open(archive);
          BaseBackup base =
              backups.createBase(
                  backups.plan(new RestoreTarget.Latest()),
                  "part " + part,
                  place.resolve("base"),
                  BackupProgress.NONE);
          assertThat(base.version()).isEqualTo(store.states.lastKey());
          assertThat(place.resolve("base")).doesNotExist();
        }
      }
      store.awaitArchived();
      List<Long> versions = List.copyOf(store.states.keySet());
      for (int i = 0; i < targets; i++) {
        long near = versions.get(random.nextInt(versions.size()));
        long version = Math.min(near + random.nextInt(3) - 1, versions.getLast());
        Path target = place.resolve("restored-" + i);

        RestoreResult result =
            restore(archive, new RestoreTarget.AtVersion(version), target, LogKind.ENGINE);

        assertThat(ArchivedStore.read(target))
            .as("seed %d, version %d", seed, version)
            .isEqualTo(store.expectedAt(version));
        assertThat(result.version())
            .isEqualTo(version < versions.getFirst() ? 0 : store.states.floorKey(version));
      }
    }
    VerifyReport report =
        Backups.open(archive).verify(place.resolve("scratch"), BackupProgress.NONE);
    assertThat(report.findings()).as("seed %d", seed).isEmpty();
    assertThat(place.resolve("scratch")).doesNotExist();
  }

  /** Both what was restored and what went on without it are archived, and restored again. */
  @ParameterizedTest
  @EnumSource(LogKind.class)
  void timelines_areRestoredApart(LogKind log) throws Exception {
    Random random = new Random(SEED);
    ArchiveStore archive = DirectoryArchiveStore.create(root.resolve("archive"));
    TreeMap<Long, Map<String, Long>> first;
    TreeMap<Long, Map<String, Long>> second;
    long fork;
    try (ArchivedStore store = new ArchivedStore(root.resolve("first"), archive, new TreeMap<>())) {
      store.commitRandom(random, 20);
      store.archiver.createBase("first", BackupProgress.NONE);
      store.commitRandom(random, 20);
      fork = List.copyOf(store.states.keySet()).get(30);
      store.commitRandom(random, 20);
      store.awaitArchived();
      restore(archive, new RestoreTarget.AtVersion(fork), root.resolve("second"), log);
      try (ArchivedStore forked =
          new ArchivedStore(
              root.resolve("second"), archive, new TreeMap<>(store.states.headMap(fork, true)))) {
        assertThat(Backups.open(archive).status().timelines().getLast())
            .extracting(Timeline::number, Timeline::parent, Timeline::forkVersion)
            .containsExactly(2, 1, fork);
        forked.commitRandom(random, 20);
        forked.archiver.createBase("second", BackupProgress.NONE);
        forked.commitRandom(random, 20);
        store.commitRandom(random, 20);
        forked.awaitArchived();
        second = new TreeMap<>(forked.states);
      }
      store.awaitArchived();
      first = new TreeMap<>(store.states);
    }
    Backups backups = Backups.open(archive);
    List<TreeMap<Long, Map<String, Long>>> histories = List.of(first, second);
    for (int timeline = 1; timeline <= 2; timeline++) {
      TreeMap<Long, Map<String, Long>> history = histories.get(timeline - 1);
      for (long version : List.of(history.lastKey(), fork, history.higherKey(fork))) {
        Path target = root.resolve("restored-%d-%d".formatted(timeline, version));
        var _ =
            backups.restore(
                backups.plan(new RestoreTarget.AtVersion(version), timeline),
                target,
                DurableSettings.defaults().withLog(log),
                BackupProgress.NONE);

        assertThat(ArchivedStore.read(target))
            .as("timeline %d, version %d", timeline, version)
            .isEqualTo(history.get(version));
      }
    }
    assertThat(backups.verify(root.resolve("scratch"), BackupProgress.NONE).findings())
        .isEqualTo(List.<Finding>of());
    assertThat(backups.status().windows())
        .containsExactly(new Window(1, 0, first.lastKey()), new Window(2, 0, second.lastKey()));
  }

  /** An instant is a version: what was committed up to its millisecond. */
  @Test
  void instant_isUpToItsMillisecond() throws Exception {
    ArchiveStore archive = DirectoryArchiveStore.create(root.resolve("archive"));
    try (ArchivedStore store = new ArchivedStore(root.resolve("store"), archive, new TreeMap<>())) {
      store.commitRandom(new Random(SEED), 30);
      store.awaitArchived();
      long version = List.copyOf(store.states.keySet()).get(15);
      var instant = Khonsu.instantOf(version).minusMillis(1);
      restore(
          archive, new RestoreTarget.AtInstant(instant), root.resolve("restored"), LogKind.ENGINE);

      assertThat(ArchivedStore.read(root.resolve("restored")))
          .isEqualTo(store.expectedAt(Khonsu.lastVersionOf(instant)));
    }
  }

  private static RestoreResult restore(
      ArchiveStore archive, RestoreTarget target, Path directory, LogKind log) throws Exception {
    Backups backups = Backups.open(archive);
    return backups.restore(
        backups.plan(target),
        directory,
        DurableSettings.defaults().withLog(log),
        BackupProgress.NONE);
  }
}
