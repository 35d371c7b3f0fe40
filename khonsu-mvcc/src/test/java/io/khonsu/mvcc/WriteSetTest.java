package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WriteSetTest {
  private final WriteSet<Long> writes = new WriteSet<>();

  @Test
  void find_inSetsOfEverySize_findsExactlyWhatWasWritten() {
    for (int size = 0; size < 1_200; size++) {
      assertThat(writes.size()).isEqualTo(size);
      assertThat(writes.find(TestTransaction.key(size))).isEqualTo(-1);
      assertThat(writes.put(TestTransaction.key(size), (long) size, 0, ConflictStrategy.FAIL))
          .isEqualTo(size);
      for (int probe = 0; probe <= size; probe += 1 + size / 50) {
        assertThat(writes.find(TestTransaction.key(probe))).isEqualTo(probe);
      }
    }
  }

  @Test
  void put_again_replacesValueAndStrategyInPlace() {
    for (int i = 0; i < 20; i++) {
      writes.put(TestTransaction.key(i), 1L, 0, ConflictStrategy.FAIL);
    }
    assertThat(writes.put(TestTransaction.key(3), 2L, 5, ConflictStrategy.APPEND)).isEqualTo(3);
    assertThat(writes.size()).isEqualTo(20);
    assertThat(writes.version(3).value()).isEqualTo(2L);
    assertThat(writes.version(3).index()).isEqualTo(5);
    for (int i = 0; i < 20; i++) {
      assertThat(writes.strategy(i))
          .isEqualTo(i == 3 ? ConflictStrategy.APPEND : ConflictStrategy.FAIL);
    }
  }

  @Test
  void delete_ofAStagedValue_isATombstoneAndBack() {
    int position = writes.put(TestTransaction.key(1), 1L, 0, ConflictStrategy.FAIL);
    assertThat(writes.delete(TestTransaction.key(1), ConflictStrategy.IGNORE)).isEqualTo(position);
    assertThat(writes.version(position).isTombstone()).isTrue();
    assertThat(writes.version(position).value()).isNull();
    assertThatThrownBy(() -> writes.version(position).requireValue())
        .isInstanceOf(IllegalStateException.class);
    writes.put(TestTransaction.key(1), 2L, 0, ConflictStrategy.FAIL);
    assertThat(writes.version(position).isTombstone()).isFalse();
  }

  @Test
  void setValue_givesAStagedWriteItsValueLater() {
    int position = writes.put(TestTransaction.key(1), null, 0, ConflictStrategy.FAIL);
    assertThat(writes.version(position).isTombstone()).isFalse();
    writes.setValue(position, 9L, 4);
    assertThat(writes.version(position).requireValue()).isEqualTo(9L);
    assertThat(writes.version(position).index()).isEqualTo(4);
  }

  @Test
  void put_withNegativeIndex_throws() {
    assertThatThrownBy(() -> writes.put(TestTransaction.key(1), 1L, -1, ConflictStrategy.FAIL))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1");
  }

  @Test
  void rollbackTo_atEverySizeAndBack_restoresValuesStrategiesAndFinding() {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 200; round++) {
      WriteSet<Long> set = new WriteSet<>();
      List<WriteSet.Mark> marks = new ArrayList<>();
      List<List<String>> states = new ArrayList<>();
      for (int step = 0; step < 60; step++) {
        switch (random.nextInt(6)) {
          case 0 -> {
            marks.add(set.mark());
            states.add(state(set));
          }
          case 1 -> {
            if (!marks.isEmpty()) {
              int back = random.nextInt(marks.size());
              set.rollbackTo(marks.get(back));
              assertThat(state(set)).as("seed %d", seed).isEqualTo(states.get(back));
              marks.subList(back + 1, marks.size()).clear();
              states.subList(back + 1, states.size()).clear();
            }
          }
          case 2 -> set.delete(TestTransaction.key(random.nextInt(40)), ConflictStrategy.IGNORE);
          case 3 -> set.reserve(random.nextInt(20));
          case 4 ->
              set.merge(
                  TestTransaction.key(random.nextInt(40)),
                  random.nextLong(),
                  random.nextInt(9),
                  ConflictStrategy.FAIL);
          default ->
              set.put(
                  TestTransaction.key(random.nextInt(40)),
                  random.nextLong(),
                  random.nextInt(9),
                  random.nextBoolean() ? ConflictStrategy.FAIL : ConflictStrategy.APPEND);
        }
      }
    }
  }

  /** {@return what is found under each key} */
  private static List<String> state(WriteSet<Long> set) {
    List<String> found = new ArrayList<>();
    for (int key = 0; key < 40; key++) {
      int at = set.find(TestTransaction.key(key));
      if (at >= 0) {
        Version<Long> version = set.version(at);
        found.add(
            "%d@%d: %s[%d] %s %s"
                .formatted(
                    key, at, version.value(), version.index(), set.strategy(at), set.isMerge(at)));
      }
    }
    assertThat(found).hasSize(set.size());
    return found;
  }
}
