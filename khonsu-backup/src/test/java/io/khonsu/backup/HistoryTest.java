package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What can be restored of an archive, and how. */
class HistoryTest {
  private final TestArchive archive = TestArchive.create();

  HistoryTest() throws IOException {}

  @Test
  void logFromTheStart_isRestorableWithoutABase() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));

    assertThat(archive.windows()).containsExactly(new Window(1, 0, 100));
    RestorePlan plan = plan(new RestoreTarget.AtVersion(55));
    assertThat(plan.base()).isEmpty();
    assertThat(plan.segments()).isEqualTo(2);
    assertThat(plan.version()).isEqualTo(55);
  }

  @Test
  void newestBaseBeforeTheTarget_isTaken() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));
    archive.base(1, 20, "a");
    archive.base(1, 60, "b", "bb");
    archive.base(1, 90, "c");

    RestorePlan plan = plan(new RestoreTarget.AtVersion(89));

    assertThat(plan.base().orElseThrow().version()).isEqualTo(60);
    assertThat(plan.segments()).isEqualTo(2);
    assertThat(plan.bytes()).isGreaterThan(3);
    assertThat(plan(new RestoreTarget.AtVersion(90)).segments()).isZero();
    assertThat(plan(new RestoreTarget.Latest()).version()).isEqualTo(100);
  }

  /** A base whose file was lost is passed over. */
  @Test
  void incompleteBase_isPassedOver() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));
    archive.base(1, 20, "a");
    BaseBackup broken = archive.base(1, 60, "b");
    archive.store.delete(broken.files().getFirst().object());

    assertThat(plan(new RestoreTarget.AtVersion(89)).base().orElseThrow().version()).isEqualTo(20);
  }

  @Test
  void droppedSegment_shrinksTheWindow_andWhatIsBeyondIsRefused() throws Exception {
    archive.archive(1, TestArchive.log(1, 12));
    archive.store.delete(archive.names(Layout.log(1)).get(1));

    assertThat(archive.windows()).containsExactly(new Window(1, 0, 40));
    assertThat(plan(new RestoreTarget.AtVersion(40)).version()).isEqualTo(40);
    assertThatThrownBy(() -> plan(new RestoreTarget.AtVersion(41)))
        .isInstanceOf(UnrestorableException.class)
        .hasMessageContaining("version 41 of timeline 1 cannot be restored")
        .hasMessageContaining("versions 0 to 40");
  }

  /** A base behind what is missing makes a window of its own. */
  @Test
  void baseBehindAGap_beginsAnotherWindow() throws Exception {
    archive.archive(1, TestArchive.log(1, 12));
    archive.store.delete(archive.names(Layout.log(1)).get(1));
    archive.base(1, 80, "a");

    assertThat(archive.windows()).containsExactly(new Window(1, 0, 40), new Window(1, 80, 120));
    assertThat(plan(new RestoreTarget.Latest()).version()).isEqualTo(120);
    assertThatThrownBy(() -> plan(new RestoreTarget.AtVersion(79)))
        .isInstanceOf(UnrestorableException.class);
  }

  @Test
  void logThatBeginsLate_needsABase() throws Exception {
    TestLog log = TestArchive.log(1, 12);
    log.trim(60);
    archive.archive(1, log);

    assertThat(archive.windows()).isEmpty();
    assertThatThrownBy(() -> plan(new RestoreTarget.Latest()))
        .isInstanceOf(UnrestorableException.class)
        .hasMessageContaining("no base");

    BaseBackup base = archive.base(1, 70, "a");
    assertThat(archive.windows()).containsExactly(new Window(1, 70, 120));

    String object = base.files().getFirst().object();
    archive.store.overwrite(object, new byte[0]);
    assertThatThrownBy(() -> plan(new RestoreTarget.Latest()))
        .isInstanceOf(UnrestorableException.class)
        .hasMessageContaining(
            "base %s is damaged, %s: it has 0 bytes, not 1", base.object(), object);
    archive.store.delete(object);
    assertThatThrownBy(() -> plan(new RestoreTarget.Latest()))
        .hasMessageContaining("%s: it is missing", object);
  }

  /** Timeline 2 goes on from version 50 of timeline 1, which goes on, too. */
  @Test
  void timelines_shareTheirPast() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));
    archive.base(1, 30, "a");
    archive.base(1, 80, "b");
    archive.timeline(2, 1, 50);
    TestLog forked = new TestLog();
    forked.add(50, 20);
    forked.trim(50);
    forked.add(55, 20);
    forked.add(70, 20);
    archive.archive(2, forked);

    assertThat(archive.windows()).containsExactly(new Window(1, 0, 100), new Window(2, 0, 70));
    RestorePlan second = Backups.open(archive.store).plan(new RestoreTarget.Latest(), 2);
    assertThat(second.base().orElseThrow().version()).isEqualTo(30);
    assertThat(second.path().steps())
        .extracting(step -> step.segment().timeline(), History.Step::upTo)
        .containsExactly(tuple(1, 40L), tuple(1, 50L), tuple(2, 70L));
    RestorePlan first = Backups.open(archive.store).plan(new RestoreTarget.AtVersion(70), 1);
    assertThat(first.path().steps())
        .extracting(step -> step.segment().timeline(), History.Step::upTo)
        .containsExactly(tuple(1, 40L), tuple(1, 80L));
    // The newest transaction decides where "latest" is.
    assertThat(plan(new RestoreTarget.Latest()).timeline().number()).isEqualTo(1);
  }

  @Test
  void restorePoint_isOfItsTimeline() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));
    archive.timeline(2, 1, 50);
    Backups backups = Backups.open(archive.store, InstantSource.fixed(Instant.EPOCH));

    RestorePoint point =
        backups.createRestorePoint(
            "before-the-change", backups.plan(new RestoreTarget.AtVersion(40), 2));

    assertThat(point).isEqualTo(new RestorePoint("before-the-change", 2, 40, Instant.EPOCH));
    assertThat(backups.status().points()).containsExactly(point);
    RestorePlan plan = backups.plan(new RestoreTarget.AtPoint("before-the-change"));
    assertThat(plan.timeline().number()).isEqualTo(2);
    assertThat(plan.version()).isEqualTo(40);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> backups.createRestorePoint("before-the-change", plan))
        .withMessageContaining("already");
    assertThatThrownBy(() -> backups.plan(new RestoreTarget.AtPoint("other")))
        .isInstanceOf(UnrestorableException.class)
        .hasMessageContaining("before-the-change");
  }

  @Test
  void restorePoint_thatCannotBeRestored_isRefused() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));
    archive.base(1, 50, "base");
    Backups backups = Backups.open(archive.store);
    RestorePlan old = backups.plan(new RestoreTarget.AtVersion(20));
    PrunePlan _ = backups.prune(RetentionPolicy.keepBases(1), Backups.Caution.REFUSE);

    assertThatThrownBy(() -> backups.createRestorePoint("pruned", old))
        .isInstanceOf(UnrestorableException.class)
        .hasMessageContaining("what can: versions 50 to 100");
    assertThatThrownBy(() -> backups.createRestorePoint("not-yet", 1, 101))
        .isInstanceOf(UnrestorableException.class);
    assertThat(backups.status().points()).isEmpty();
  }

  @Test
  void restorePointsName_isChecked() throws Exception {
    archive.archive(1, TestArchive.log(1, 10));
    Backups backups = Backups.open(archive.store);
    RestorePlan plan = backups.plan(new RestoreTarget.Latest());

    for (String name : List.of("", "..", "../x", "a/b", ".a", "a b", "\u00e4", "x".repeat(65))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> backups.createRestorePoint(name, plan))
          .withMessageContaining("restore point is called");
    }
    assertThat(backups.status().points()).isEmpty();
  }

  @Test
  void instant_isUpToItsMillisecond() throws Exception {
    TestLog log = new TestLog();
    for (long millis = 1; millis <= 5; millis++) {
      log.add(millis << 16, 20);
      log.add((millis << 16) + 1, 20);
    }
    archive.archive(1, log);

    assertThat(plan(new RestoreTarget.AtInstant(Instant.ofEpochMilli(3))).version())
        .isEqualTo((4 << 16) - 1);
    // More may still be committed in the last millisecond.
    assertThat(archive.windows().getFirst().toInstant()).isEqualTo(Instant.ofEpochMilli(4));
    assertThatThrownBy(() -> plan(new RestoreTarget.AtInstant(Instant.ofEpochMilli(5))))
        .isInstanceOf(UnrestorableException.class);
  }

  @Test
  void noArchive_isRefused() {
    assertThatThrownBy(() -> Backups.open(new InMemoryArchiveStore()))
        .isInstanceOf(ForeignArchiveException.class)
        .hasMessageContaining("holds no archive");
  }

  private RestorePlan plan(RestoreTarget target) throws IOException {
    return Backups.open(archive.store).plan(target);
  }
}
