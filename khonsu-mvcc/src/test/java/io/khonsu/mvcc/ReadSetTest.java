package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReadSetTest {
  private final ReadSet<Long> reads = new ReadSet<>();

  @Test
  void items_andRanges_areKeptInOrder() {
    for (int i = 0; i < 100; i++) {
      reads.addItem(TestTransaction.key(i));
      reads.addRange(new KeyInterval(TestTransaction.key(i), null), null);
    }
    assertThat(reads.itemCount()).isEqualTo(100);
    assertThat(reads.rangeCount()).isEqualTo(100);
    for (int i = 0; i < 100; i++) {
      assertThat((Object) reads.item(i)).isEqualTo(TestTransaction.key(i));
      assertThat((Object) reads.range(i).interval().from()).isEqualTo(TestTransaction.key(i));
    }
  }

  @Test
  void item_readInARow_isAddedOnce() {
    Key key = TestTransaction.key(1);
    for (int i = 0; i < 1_000; i++) {
      reads.addItem(key);
    }
    assertThat(reads.itemCount()).isEqualTo(1);
  }

  @Test
  void clear_forgetsEverything() {
    reads.addItem(TestTransaction.key(1));
    reads.addRange(TestTransaction.ALL, null);
    reads.clear();
    assertThat(reads.itemCount()).isZero();
    assertThat(reads.rangeCount()).isZero();
    reads.addItem(TestTransaction.key(2));
    assertThat((Object) reads.item(0)).isEqualTo(TestTransaction.key(2));
  }
}
