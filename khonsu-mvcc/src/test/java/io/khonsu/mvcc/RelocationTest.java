package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.ALL;
import static io.khonsu.mvcc.TestTransaction.key;
import static io.khonsu.mvcc.TestTransaction.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.BlockLifecycle.Block;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Versions that get another place: what stays the same, and when the old place is free. */
class RelocationTest {
  private final BlockLifecycle lifecycle = new BlockLifecycle();
  private TxnBuffer<Block> buffer =
      new TxnBuffer<>(BufferOptions.<Block>simple().withLifecycle(lifecycle));

  /** Items with the numbers from 0 on, each written by a commit of its own. */
  private List<Block> fill(int count) {
    List<Block> blocks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      blocks.add(new Block(10L * i));
      put(buffer, key(i), blocks.get(i));
    }
    return blocks;
  }

  /** What a snapshot sees, in key order. */
  private static class Seen implements ScanVisitor<Block> {
    final List<Key> keys = new ArrayList<>();
    final List<Version<Block>> versions = new ArrayList<>();
    final List<Long> contents = new ArrayList<>();
    int runs;

    @Override
    public void item(Key key, Version<Block> version) {
      keys.add(key);
      versions.add(version);
      contents.add(version.requireValue().content(version.index()));
    }

    @Override
    public boolean run(Block value, int firstIndex, int count) {
      for (int i = firstIndex; i < firstIndex + count; i++) {
        contents.add(value.content(i));
      }
      runs++;
      return true;
    }

    Block copy() {
      return new Block(contents.stream().mapToLong(Long::longValue).toArray());
    }
  }

  private Seen see(Snapshot<Block> snapshot) {
    Seen seen = new Seen();
    buffer.scan(ALL, snapshot, seen);
    return seen;
  }

  private Seen see() {
    try (Snapshot<Block> now = buffer.readOnlySnapshot()) {
      return see(now);
    }
  }

  @Test
  void relocate_ofWhatDoesNotFit_isRefusedAndTakesNothing() {
    fill(2);
    Seen seen = see();
    Block target = new Block(0, 10);
    assertThatThrownBy(() -> buffer.relocate(seen.keys.subList(0, 1), seen.versions, target))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("1 keys, 2 versions");
    TestTransaction.delete(buffer, key(1));
    Version<Block> tombstone;
    try (Snapshot<Block> now = buffer.snapshot()) {
      tombstone = Invariants.present(buffer.get(key(1), now), "a tombstone");
    }
    assertThatThrownBy(() -> buffer.relocate(List.of(key(1)), List.of(tombstone), target))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("without a value");
    assertThat(target.isFreed(0)).isFalse();
    assertThat(see().contents).containsExactly(0L);
  }

  @Test
  void relocate_ofNothing_doesNothing() {
    assertThat(buffer.relocate(List.of(), List.of(), new Block())).isZero();
    buffer.reclaim();
    assertThat(lifecycle.vacated).hasValue(0);
  }

  @Test
  void relocate_movesItemsAndChangesNothingElse() {
    List<Block> blocks = fill(40);
    BufferStatistics before = buffer.statistics();
    long newest = buffer.newestVersion();
    Seen seen = see();
    Block target = seen.copy();
    assertThat(buffer.relocate(seen.keys, seen.versions, target)).isEqualTo(40);
    Seen after = see();
    assertThat(after.contents).isEqualTo(seen.contents);
    for (int i = 0; i < 40; i++) {
      assertThat(after.versions.get(i).version()).isEqualTo(seen.versions.get(i).version());
      assertThat(after.versions.get(i).value()).isSameAs(target);
      assertThat(after.versions.get(i).index()).isEqualTo(i);
      assertThat(blocks.get(i).isFreed(0)).isFalse();
    }
    buffer.reclaim();
    blocks.forEach(block -> assertThat(block.isFreed(0)).isTrue());
    assertThat(lifecycle.vacated).hasValue(40);
    assertThat(lifecycle.retired).hasValue(0);
    assertThat(buffer.statistics()).isEqualTo(before);
    assertThat(buffer.newestVersion()).isEqualTo(newest);
    buffer.clear();
    assertThat(lifecycle.retired).hasValue(40);
  }

  @Test
  void scan_ofItemsMovedTogether_isOneRun_untilOneIsOverwritten() {
    fill(100);
    Seen seen = see();
    buffer.relocate(seen.keys, seen.versions, seen.copy());
    assertThat(see().runs).isZero();
    assertThat(see().runs).isEqualTo(1);
    assertThat(see().contents).isEqualTo(seen.contents);
    put(buffer, key(50), new Block(-1));
    assertThat(see().contents.get(50)).isEqualTo(-1);
    assertThat(see().runs).isZero();
  }

  @Test
  void scan_ofMovedItems_atAnOlderSnapshot_seesNoneThatIsNewer() {
    fill(50);
    try (Snapshot<Block> old = buffer.snapshot()) {
      put(buffer, key(100), new Block(1_000));
      Seen seen = see();
      buffer.relocate(seen.keys, seen.versions, seen.copy());
      assertThat(see().contents).hasSize(51);
      assertThat(see().runs).isEqualTo(1);
      assertThat(see(old).contents).isEqualTo(seen.contents.subList(0, 50));
    }
  }

  @Test
  void run_foundBeforeItsItemsMoved_isNotTakenForCurrentAfterwards() {
    Block bulk = new Block(0, 10, 20);
    try (TestTransaction<Block> tx = TestTransaction.begin(buffer)) {
      for (int i = 0; i < 3; i++) {
        tx.writes.put(key(i), bulk, i, ConflictStrategy.FAIL);
      }
      assertThat(tx.commits()).isTrue();
    }
    Seen seen = see();
    assertThat(see().runs).isEqualTo(1);
    buffer.relocate(seen.keys, seen.versions, seen.copy());
    put(buffer, key(1), new Block(-1));
    assertThat(see().contents).containsExactly(0L, -1L, 20L);
  }

  @Test
  void oldPlace_isKeptForSnapshotsThatWereOpen_andNoOthers() {
    List<Block> blocks = fill(3);
    Snapshot<Block> before = buffer.snapshot();
    Seen held = see(before);
    buffer.relocate(held.keys, held.versions, held.copy());
    try (Snapshot<Block> _ = buffer.readOnlySnapshot()) {
      buffer.reclaim();
      assertThat(lifecycle.vacated).hasValue(0);
      assertThat(blocks.get(2).content(0)).isEqualTo(20);
      before.close();
      buffer.reclaim();
      assertThat(lifecycle.vacated).hasValue(3);
    }
    buffer.reclaim();
    buffer.collect();
    assertThat(lifecycle.vacated).hasValue(3);
  }

  @Test
  void oldPlaces_atTheEnd_areVacatedByClear() {
    List<Block> blocks = fill(3);
    Snapshot<Block> forgotten = buffer.snapshot();
    Seen held = see(forgotten);
    buffer.relocate(held.keys, held.versions, held.copy());
    buffer.clear();
    blocks.forEach(block -> assertThat(block.isFreed(0)).isTrue());
    assertThat(lifecycle.vacated).hasValue(3);
    assertThat(lifecycle.retired).hasValue(3);
    forgotten.close();
  }

  @Test
  void itemsThatHaveChangedSince_stay_andTheirPlacesAreRetired() {
    fill(5);
    Seen seen = see();
    put(buffer, key(0), new Block(-1));
    TestTransaction.delete(buffer, key(1));
    TestTransaction.delete(buffer, key(2));
    buffer.collect(); // takes the items out of the indexes
    put(buffer, key(2), new Block(-2));
    lifecycle.retired.set(0);
    Block target = seen.copy();
    assertThat(buffer.relocate(seen.keys, seen.versions, target)).isEqualTo(2);
    for (int i = 0; i < 5; i++) {
      assertThat(target.isFreed(i)).isEqualTo(i < 3);
    }
    assertThat(lifecycle.retired).hasValue(3);
    assertThat(see().contents).containsExactly(-1L, -2L, 30L, 40L);
    assertThat(buffer.relocate(seen.keys, seen.versions, seen.copy())).isZero();
  }

  @Test
  void itemsUnderAnUnpublishedCommit_stay_whateverBecomesOfIt() {
    buffer =
        new TxnBuffer<>(
            BufferOptions.<Block>simple()
                .withLifecycle(lifecycle)
                .withPublication(TxnBuffer.Publication.EXPLICIT));
    fill(2);
    buffer.publish(lastOf(buffer));
    Seen seen = see();
    CommitRecord<Block> pending = put(buffer, key(1), new Block(-1));
    Block target = seen.copy();
    assertThat(buffer.relocate(seen.keys, seen.versions, target)).isEqualTo(1);
    assertThat(target.isFreed(1)).isTrue();
    Version<Block> unpublished = pending.version(0);
    assertThat(buffer.relocate(List.of(key(1)), List.of(unpublished), new Block(-1))).isZero();
    buffer.withdraw(pending);
    assertThat(see().contents).isEqualTo(seen.contents);
    Seen again = see();
    assertThat(buffer.relocate(again.keys, again.versions, again.copy())).isEqualTo(2);
    assertThat(see().contents).isEqualTo(seen.contents);
  }

  private static CommitRecord<Block> lastOf(TxnBuffer<Block> buffer) {
    CommitRecord<Block> last = buffer.newestRecord();
    for (CommitRecord<Block> next = last.next(); next != null; next = next.next()) {
      last = next;
    }
    return last;
  }

  @Test
  void withdrawal_overAMovedItem_reinstatesItsNewPlace() {
    buffer =
        new TxnBuffer<>(
            BufferOptions.<Block>simple()
                .withLifecycle(lifecycle)
                .withPublication(TxnBuffer.Publication.EXPLICIT));
    fill(3);
    buffer.publish(lastOf(buffer));
    Seen seen = see();
    Block target = seen.copy();
    buffer.relocate(seen.keys, seen.versions, target);
    CommitRecord<Block> pending = put(buffer, key(1), new Block(-1));
    assertThat(target.isSuperseded(1)).isTrue();
    buffer.withdraw(pending);
    assertThat(target.isSuperseded(1)).isFalse();
    assertThat(see().contents).isEqualTo(seen.contents);
    assertThat(see().runs).isEqualTo(1);
  }

  @Test
  void ownerThatFails_inTheMiddle_leavesEveryItemAtOnePlace() {
    List<Block> blocks = fill(40);
    Seen seen = see();
    Block target = seen.copy();
    lifecycle.supersedesLeft.set(20);
    assertThatThrownBy(() -> buffer.relocate(seen.keys, seen.versions, target))
        .hasMessage("no memory to note it");
    lifecycle.supersedesLeft.set(Integer.MAX_VALUE);
    assertThat(see().contents).isEqualTo(seen.contents);
    buffer.reclaim();
    for (int i = 0; i < 40; i++) {
      assertThat(target.isFreed(i)).isEqualTo(i >= 20);
      assertThat(blocks.get(i).isFreed(0)).isEqualTo(i < 20);
    }
    put(buffer, key(100), new Block(1_000)); // the section is free
    assertThat(see().contents).hasSize(41);
  }

  @Test
  void scanInParts_goesOnWhereItRested() {
    fill(1_000);
    List<Long> contents = new ArrayList<>();
    int parts = 0;
    Key next = ALL.from();
    try (Snapshot<Block> now = buffer.snapshot()) {
      while (next != null) {
        Seen part =
            new Seen() {
              @Override
              public boolean wantsMore() {
                return false;
              }
            };
        next = buffer.scanPart(new KeyInterval(next, null), now, part);
        contents.addAll(part.contents);
        parts++;
      }
      assertThat(contents).isEqualTo(see(now).contents);
    }
    assertThat(parts).isGreaterThan(2);
  }

  @Test
  void readerThatWasOpening_isKnownAgainWhenItHasSettled() {
    ActiveSnapshots active = new ActiveSnapshots();
    VacatedVersions<Block> vacated = new VacatedVersions<>(active);
    int slot = active.openToRead(5);
    vacated.add(List.of(new Version<>()));
    assertThat(vacated.takeUnread()).isEmpty();
    active.settleToRead(slot, 7);
    assertThat(vacated.takeUnread()).isEmpty();
    active.release(slot);
    int other = active.openToRead(7);
    assertThat(vacated.takeUnread()).hasSize(1);
    assertThat(vacated.takeUnread()).isEmpty();
    active.release(other);
  }
}
