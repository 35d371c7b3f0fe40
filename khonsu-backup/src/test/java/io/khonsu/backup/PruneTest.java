package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.backup.Backups.Caution;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What retention takes away, and what it never does. */
class PruneTest {
  private static final Instant NOW = Instant.EPOCH.plus(Duration.ofDays(100));

  private final TestArchive archive = TestArchive.create();

  PruneTest() throws IOException {}

  @Test
  void keepBases_keepsTheNewest_andTheLogSinceTheOldestOfThem() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    archive.base(1, 50, "old", "shared");
    archive.base(1, 90, "middle", "shared");
    archive.base(1, 140, "new", "shared");

    PrunePlan plan = backups().prune(RetentionPolicy.keepBases(2), Caution.REFUSE);

    assertThat(plan.bases()).extracting(BaseBackup::version).containsExactly(50L);
    assertThat(archive.windows()).containsExactly(new Window(1, 90, 200)).isEqualTo(plan.windows());
    assertThat(archive.names(Layout.bases(1))).hasSize(2);
    assertThat(archive.names(Layout.log(1))).hasSize(3); // those from 80 on
    assertThat(archive.names(Layout.OBJECTS)).hasSize(3);
    assertThat(backups().planPrune(RetentionPolicy.keepBases(2)).objects()).isEmpty();
  }

  /** With a base of the newest state no segment is needed, but for going on. */
  @ParameterizedTest
  @ValueSource(ints = {20, 18})
  void archiver_goesOn_afterAllWasPruned(int commits) throws Exception {
    TestLog log = TestArchive.log(1, commits);
    archive.archive(1, log);
    long last = log.lastVersion();
    archive.base(1, last, "new");
    String end = archive.names(Layout.log(1)).getLast();

    backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE);
    List<String> left = archive.names(Layout.log(1));
    assertThat(left).hasSizeLessThanOrEqualTo(2).endsWith(end);
    log.add(last + 1, 20);
    archive.archive(1, log);

    assertThat(archive.names(Layout.log(1))).hasSizeBetween(1, 2);
    assertThat(archive.windows().getLast().to()).isEqualTo(last + 1);
    assertThat(findings()).isEmpty();
  }

  /** A base may take it up between being looked at and going. */
  @Test
  void fileThatIsTakenUpAtTheLastMoment_stays() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    BaseBackup old = archive.base(1, 50, "taken up");
    archive.store.delete(old.object());
    archive.base(1, 60, "taken");
    ArchiveStore touched =
        new ForwardingArchiveStore(archive.store) {
          @Override
          public boolean deleteIfOlder(String name, Instant than) throws IOException {
            archive.store.setNow(NOW);
            archive.base(1, 70, "taken up");
            return super.deleteIfOlder(name, than);
          }
        };

    PrunePlan plan =
        Backups.open(touched, InstantSource.fixed(NOW))
            .prune(RetentionPolicy.keepBases(1), Caution.REFUSE);

    assertThat(plan.objects()).noneMatch(Layout::isFile);
    assertThat(archive.index().bases()).hasSize(2).allMatch(archive.index()::isWhole);
  }

  @Test
  void planPrune_takesNothingAway() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    archive.base(1, 50, "old");
    archive.base(1, 140, "new");
    var before = archive.store.contents();

    assertThat(backups().planPrune(RetentionPolicy.keepBases(1)).objects()).isNotEmpty();

    assertThat(archive.store.contents()).isEqualTo(before);
  }

  @Test
  void withoutABase_theLogStays() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));

    assertThat(backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE).objects()).isEmpty();
    assertThat(backups().prune(RetentionPolicy.keepWindow(Duration.ZERO), Caution.REFUSE).objects())
        .isEmpty();
  }

  @Test
  void youngFiles_thatNoBaseNames_stay() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    BaseBackup base = archive.base(1, 50, "being taken");
    archive.store.delete(base.object());
    archive.base(1, 60, "taken");
    archive.store.setNow(NOW.minus(Duration.ofHours(1)));
    archive.base(1, 70, "being taken"); // touches it
    archive.store.delete(Layout.base(1, 70));

    RetentionPolicy policy = RetentionPolicy.keepBases(1);
    backups().prune(policy, Caution.REFUSE);
    assertThat(archive.names(Layout.OBJECTS)).hasSize(2);

    backups().prune(policy.withObjectGrace(Duration.ofMinutes(30)), Caution.REFUSE);
    assertThat(archive.names(Layout.OBJECTS)).hasSize(1);
  }

  /** A base that is begun after the archive was looked at, and finds the file there. */
  @Test
  void fileThatABaseTakesUpMeanwhile_stays() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    BaseBackup old = archive.base(1, 50, "taken up", "not needed");
    archive.store.delete(old.object());
    archive.base(1, 60, "taken");
    byte[] file = archive.store.bytes(old.files().getFirst().object());
    LookedAt looked =
        new LookedAt(
            archive.store,
            store -> {
              archive.store.setNow(NOW);
              var _ = store.putIfAbsent(old.files().getFirst().object(), out -> out.write(file));
            });

    PrunePlan plan =
        Backups.open(looked, InstantSource.fixed(NOW))
            .prune(RetentionPolicy.keepBases(1), Caution.REFUSE);

    assertThat(plan.objects())
        .filteredOn(Layout::isFile)
        .containsExactly(old.files().getLast().object());
    archive.base(1, 70, "taken up");
    assertThat(archive.index().bases()).allMatch(archive.index()::isWhole);
  }

  @Test
  void lostRestorePoints_areAReasonToRefuse() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    archive.base(1, 50, "old");
    archive.base(1, 140, "new");
    archive.point("kept", 1, 150);
    archive.point("lost", 1, 100);
    var before = archive.store.contents();

    assertThatThrownBy(() -> backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE))
        .isInstanceOf(PruneRefusedException.class)
        .hasMessageContaining("lost")
        .hasMessageNotContaining("kept");
    assertThat(archive.store.contents()).isEqualTo(before);

    backups().prune(RetentionPolicy.keepBases(1), Caution.FORCE);
    assertThat(archive.names(Layout.POINTS)).containsExactly("points/kept");
  }

  @Test
  void damagedManifest_isAReasonToRefuse() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    BaseBackup base = archive.base(1, 50, "old");
    archive.base(1, 140, "new");
    byte[] manifest = archive.store.bytes(base.object());
    manifest[30] ^= 1;
    archive.store.overwrite(base.object(), manifest);

    assertThatThrownBy(() -> backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE))
        .isInstanceOf(PruneRefusedException.class)
        .hasMessageContaining(base.object());
  }

  /** Timeline 2 needs the base and the log of timeline 1 that it forked from. */
  @Test
  void whatAnotherTimelineNeeds_stays() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    archive.base(1, 50, "old");
    archive.base(1, 140, "new");
    archive.timeline(2, 1, 90);

    backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE);
    assertThat(archive.windows()).containsExactly(new Window(1, 50, 200), new Window(2, 50, 90));

    archive.base(2, 90, "forked");
    backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE);
    assertThat(archive.windows()).containsExactly(new Window(1, 140, 200), new Window(2, 90, 90));
  }

  /** What is between is needed by nobody, and nothing that is there is worth less for that. */
  @Test
  void holeBetweenWhatTwoTimelinesNeed_isNoDamage() throws Exception {
    archive.archive(1, TestArchive.log(1, 20));
    archive.base(1, 50, "old");
    archive.base(1, 140, "new");
    archive.timeline(2, 1, 70);

    backups().prune(RetentionPolicy.keepBases(1), Caution.REFUSE);

    assertThat(archive.names(Layout.log(1))).hasSize(3); // from 40 to 80, and from 120 on
    assertThat(findings()).isEmpty();
    assertThat(archive.windows())
        .containsExactly(new Window(1, 50, 80), new Window(1, 140, 200), new Window(2, 50, 70));
  }

  /**
   * For random archives and policies: what the policy promises can be restored before and after.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void whatThePolicyKeeps_staysRestorable(long seed) throws Exception {
    Random random = new Random(seed);
    TestLog log = new TestLog();
    long version = 0;
    for (int i = 0; i < 60; i++) {
      version += 1 + random.nextLong(3L << 16);
      log.add(version, 20);
      if (random.nextInt(8) == 0) {
        archive.base(1, version, "base " + random.nextInt(5), "all");
      }
    }
    archive.archive(1, log);
    long newest = log.lastVersion();
    Duration window = Duration.ofMillis(random.nextInt(80));
    int count = 1 + random.nextInt(3);
    RetentionPolicy policy =
        switch (random.nextInt(3)) {
          case 0 -> RetentionPolicy.keepWindow(window);
          case 1 -> RetentionPolicy.keepBases(count);
          default -> RetentionPolicy.keepWindow(window).andBases(count);
        };
    Window before = archive.windows().getFirst();

    PrunePlan plan = backups().prune(policy, Caution.REFUSE);

    assertThat(archive.windows()).as("seed %d", seed).hasSize(1).isEqualTo(plan.windows());
    Window after = archive.windows().getFirst();
    assertThat(after.to()).isEqualTo(newest);
    if (policy.window() != null) {
      long needed = Khonsu.instantOf(newest).minus(window).toEpochMilli() << 16;
      assertThat(after.from())
          .as("seed %d", seed)
          .isLessThanOrEqualTo(Math.max(before.from(), needed));
    }
    assertThat(findings()).isEmpty();
  }

  private List<VerifyReport.Finding> findings() throws IOException {
    Verifying verifying = new Verifying(archive.index(), BackupProgress.NONE);
    verifying.checkFiles();
    verifying.checkData();
    return verifying.report(VerifyDepth.DATA).findings();
  }

  @Test
  void badPolicies_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> RetentionPolicy.keepBases(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetentionPolicy.keepWindow(Duration.ofMillis(-1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetentionPolicy.keepBases(1).withObjectGrace(Duration.ofMillis(-1)));
  }

  private Backups backups() throws IOException {
    return Backups.open(archive.store, InstantSource.fixed(NOW));
  }

  /** Something happens to an archive just after it was looked at for the first time. */
  private static final class LookedAt extends ForwardingArchiveStore {
    private final ArchiveStore archive;
    private final Happening happening;
    private boolean hasHappened;

    private interface Happening {
      void to(ArchiveStore store) throws IOException;
    }

    private LookedAt(ArchiveStore archive, Happening happening) {
      super(archive);
      this.archive = archive;
      this.happening = happening;
    }

    @Override
    public List<StoredObject> list(String prefix) throws IOException {
      List<StoredObject> found = super.list(prefix);
      if (!hasHappened) {
        hasHappened = true;
        happening.to(archive);
      }
      return found;
    }
  }
}
