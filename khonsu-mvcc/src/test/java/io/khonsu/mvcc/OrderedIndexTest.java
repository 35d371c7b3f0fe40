package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OrderedIndexTest {
  private static final int MANY = 5_000;

  private final TxnBuffer<Long> owner = new TxnBuffer<>(BufferOptions.simple());
  private final OrderedIndex<Long> index = new OrderedIndex<>();

  @Test
  void chains_insertedInAnyOrder_comeInOrder() {
    List<Integer> ascending = IntStream.range(0, MANY).boxed().toList();
    assertInserted(ascending);
    assertInserted(ascending.reversed());
    for (long seed = 1; seed <= 5; seed++) {
      List<Integer> shuffled = new ArrayList<>(ascending);
      Collections.shuffle(shuffled, java.util.Random.from(new SplittableRandom(seed)));
      assertInserted(shuffled);
    }
  }

  @Test
  void blocks_filledInOrder_areFull() {
    for (int i = 0; i < 10 * OrderedIndex.BLOCK_CAPACITY; i++) {
      index.insert(chain(i));
    }
    assertThat(index.blockCount()).isEqualTo(10);
  }

  @Test
  void emptyKey_standsFirst() {
    Chain<Long> empty = new Chain<>(owner, Key.of(new byte[0]));
    index.insert(chain(1));
    index.insert(empty);
    assertThat(keysFrom(index, Key.of(new byte[0])).getFirst()).isSameAs(empty);
    index.remove(empty);
    assertThat(keysFrom(index, Key.of(new byte[0]))).hasSize(1);
  }

  @Test
  void blocks_emptiedInAnyOrder_disappear() {
    List<Integer> ascending = IntStream.range(0, MANY).boxed().toList();
    List<Integer> shuffled = new ArrayList<>(ascending);
    Collections.shuffle(shuffled, java.util.Random.from(new SplittableRandom(1)));
    for (List<Integer> order : List.of(ascending, ascending.reversed(), shuffled)) {
      List<Chain<Long>> chains = new ArrayList<>();
      ascending.forEach(i -> {
        chains.add(chain(i));
        index.insert(chains.getLast());
      });
      order.forEach(i -> index.remove(chains.get(i)));
      assertThat(index.blockCount()).isEqualTo(1);
      assertThat(keysFrom(index, TestTransaction.key(0))).isEmpty();
    }
  }

  @Test
  void blocks_thinnedOutFromTheRight_areMerged() {
    List<Chain<Long>> chains = new ArrayList<>();
    for (int i = 0; i < 100 * OrderedIndex.BLOCK_CAPACITY; i++) {
      chains.add(chain(i));
      index.insert(chains.getLast());
    }
    for (int i = chains.size() - 1; i >= 0; i--) {
      if (i % OrderedIndex.BLOCK_CAPACITY != 0) {
        index.remove(chains.get(i));
      }
    }
    assertThat(keysFrom(index, TestTransaction.key(0))).hasSize(100);
    assertThat(index.blockCount()).isLessThanOrEqualTo(8);
  }

  @Test
  void operations_atRandom_matchATreeMap() {
    for (long seed = 1; seed <= 30; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      OrderedIndex<Long> tested = new OrderedIndex<>();
      TreeMap<Integer, Chain<Long>> model = new TreeMap<>();
      int range = 50 << random.nextInt(8);
      for (int step = 0; step < 3_000; step++) {
        int number = random.nextInt(range);
        Chain<Long> known = model.remove(number);
        if (known != null) {
          tested.remove(known);
        } else {
          Chain<Long> chain = chain(number);
          tested.insert(chain);
          model.put(number, chain);
        }
        if (step % 100 == 0) {
          int from = random.nextInt(range);
          assertThat(keysFrom(tested, TestTransaction.key(from)))
              .as("seed %s step %s", seed, step)
              .containsExactlyElementsOf(model.tailMap(from).values());
        }
      }
    }
  }

  @Test
  void contentAt_whileBlocksSplitAndMerge_coversItsPosition() throws InterruptedException {
    AtomicBoolean stop = new AtomicBoolean();
    Key position = TestTransaction.key(500);
    index.insert(chain(500));
    Threads.run(
        () -> {
          try {
            for (int round = 0; round < 400; round++) {
              List<Chain<Long>> chains = new ArrayList<>();
              for (int i = 0; i < 500; i++) {
                chains.add(chain(i * 2 + 1));
                index.insert(chains.getLast());
              }
              chains.forEach(index::remove);
            }
          } finally {
            stop.set(true);
          }
        },
        () -> {
          while (!stop.get()) {
            OrderedIndex.Content<Long> content = index.contentAt(position);
            assertThat(content.high() == null || position.compareTo(content.high()) < 0).isTrue();
            int at = content.lowerBound(position, content.count);
            assertThat((Object) content.chains[at]).isEqualTo(position);
          }
        });
  }

  @Test
  void scans_whileOthersComeAndGo_seeEveryPermanentChainOnceInOrder() throws InterruptedException {
    int permanent = 300;
    for (int i = 0; i < permanent; i++) {
      index.insert(chain(i * 100));
    }
    AtomicBoolean stop = new AtomicBoolean();
    Threads.run(
        () -> {
          try {
            RandomGenerator random = new SplittableRandom(11);
            for (int round = 0; round < 300; round++) {
              int base = random.nextInt(permanent) * 100;
              List<Chain<Long>> chains = new ArrayList<>();
              for (int i = 1; i < 100; i++) {
                for (int next = 0; next < 4; next++) {
                  chains.add(chain(base + next * 100 + i));
                  index.insert(chains.getLast());
                }
              }
              chains.forEach(index::remove);
            }
          } finally {
            stop.set(true);
          }
        },
        () -> {
          while (!stop.get()) {
            int last = -1;
            int seen = 0;
            for (Chain<Long> chain : keysFrom(index, TestTransaction.key(0))) {
              int number = TestTransaction.number(chain);
              assertThat(number).isGreaterThan(last);
              last = number;
              seen += number % 100 == 0 && number < permanent * 100 ? 1 : 0;
            }
            assertThat(seen).isEqualTo(permanent);
          }
        });
  }

  private void assertInserted(List<Integer> numbers) {
    OrderedIndex<Long> tested = new OrderedIndex<>();
    numbers.forEach(number -> tested.insert(chain(number)));
    for (int from : new int[] {0, 1, 127, 128, 129, 2_500, MANY - 1}) {
      assertThat(keysFrom(tested, TestTransaction.key(from)).stream().map(TestTransaction::number))
          .containsExactlyElementsOf(IntStream.range(from, MANY).boxed().toList());
    }
    assertThat(keysFrom(tested, TestTransaction.key(MANY))).isEmpty();
  }

  /** {@return what a scan from {@code from} meets} */
  private static List<Chain<Long>> keysFrom(OrderedIndex<Long> index, Key from) {
    List<Chain<Long>> found = new ArrayList<>();
    Key cursor = from;
    while (cursor != null) {
      OrderedIndex.Content<Long> content = index.contentAt(cursor);
      int count = content.count;
      for (int i = content.lowerBound(cursor, count); i < count; i++) {
        found.add(content.chains[i]);
      }
      cursor = content.high();
    }
    return found;
  }

  private Chain<Long> chain(int number) {
    return new Chain<>(owner, TestTransaction.key(number));
  }
}
