package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ActiveSnapshotsTest {
  private final ActiveSnapshots active = new ActiveSnapshots();

  @Test
  void claims_beyondOnePage_areAllListedInOrder() {
    int[] slots = IntStream.range(0, 200).map(i -> active.claim(1_000 - i)).toArray();
    assertThat(IntStream.of(slots).distinct().count()).isEqualTo(200);
    assertThat(active.claims().versions())
        .containsExactly(LongStream.rangeClosed(801, 1_000).toArray());
    for (int slot : slots) {
      active.release(slot);
    }
    assertThat(active.claims().versions()).isEmpty();
    assertThat(active.claims().opening()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void release_makesRoomInTheFirstPages() {
    IntStream.range(0, 64).forEach(_ -> active.claim(1));
    int other = active.claim(2);
    active.release(other);
    assertThat(active.claim(3)).isEqualTo(other);
  }

  @Test
  void open_untilSettled_isListedAsOpening() {
    int slot = active.open(0);
    int newer = active.open(9);
    assertThat(active.claims().versions()).containsExactly(0, 9);
    assertThat(active.claims().opening()).isZero();
    active.settle(slot, 7);
    assertThat(active.claims().versions()).containsExactly(7, 9);
    assertThat(active.claims().opening()).isEqualTo(9);
    active.settle(newer, 9);
    assertThat(active.claims().opening()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void claim_byManyThreads_neverGivesASlotTwice() throws InterruptedException {
    ConcurrentHashMap<Integer, Integer> owners = new ConcurrentHashMap<>();
    Threads.run(
        4,
        number -> {
          for (int i = 0; i < 5_000; i++) {
            TreeSet<Integer> mine = new TreeSet<>();
            for (int j = 0; j < 40; j++) {
              int slot = active.claim(number);
              assertThat(owners.put(slot, number)).isNull();
              mine.add(slot);
            }
            for (int slot : mine) {
              owners.remove(slot);
              active.release(slot);
            }
          }
        });
    assertThat(active.claims().versions()).isEmpty();
  }
}
