package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class KeyTableTest {
  private final TxnBuffer<Long> owner = new TxnBuffer<>(BufferOptions.simple());
  private final OrderedIndex<Long> ordered = new OrderedIndex<>();
  private final KeyTable<Long> table = new KeyTable<>(owner, ordered);

  @Test
  void find_afterGrowth_findsEveryChain() {
    List<Chain<Long>> chains = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      chains.add(table.link(chain(i)));
    }
    for (int i = 0; i < 20_000; i++) {
      assertThat(table.find(TestTransaction.key(i))).isSameAs(chains.get(i));
    }
    assertThat(table.find(TestTransaction.key(20_000))).isNull();
    assertThat(table.size()).isEqualTo(20_000);
  }

  @Test
  void link_ofEqualKeys_keepsTheFirst() {
    Chain<Long> first = table.link(chain(7));
    assertThat(table.link(chain(7))).isSameAs(first);
    assertThat(table.size()).isEqualTo(1);
  }

  @Test
  void key_ofAnItemThatExists_sparesTheLookUp() {
    byte[] bytes = TestTransaction.key(7).toBytes();
    Key early = owner.key(bytes);
    assertThat(early).isEqualTo(TestTransaction.key(7));
    TestTransaction.put(owner, TestTransaction.key(7), 1L);
    assertThat(owner.key(bytes)).isSameAs(owner.ref(early)).isNotSameAs(early);
    TestTransaction.delete(owner, early);
    owner.collect();
    assertThat(owner.key(bytes)).isEqualTo(early).isNotSameAs(early);
  }

  @Test
  void emptyKey_isAKeyLikeOthers() {
    Key empty = Key.of(new byte[0]);
    assertThat(table.find(empty)).isNull();
    Chain<Long> chain = table.link(new Chain<>(owner, Key.of(new byte[0])));
    assertThat(table.find(empty)).isSameAs(chain);
    table.unlink(chain);
    assertThat(table.find(empty)).isNull();
    assertThat(table.link(new Chain<>(owner, Key.of(new byte[0])))).isNotSameAs(chain);
  }

  @Test
  void keysWithOneHash_areToldApart() {
    List<Key> keys = collidingKeys(40);
    List<Chain<Long>> chains = new ArrayList<>();
    for (Key key : keys) {
      chains.add(table.link(new Chain<>(owner, key)));
    }
    for (int i = 0; i < keys.size(); i += 2) {
      table.unlink(chains.get(i));
    }
    for (int i = 0; i < keys.size(); i++) {
      assertThat(table.find(keys.get(i))).isSameAs(i % 2 == 0 ? null : chains.get(i));
    }
  }

  @Test
  void vacatedSlots_areReclaimed() {
    for (int i = 0; i < 300_000; i++) {
      Chain<Long> chain = table.link(chain(i));
      assertThat(table.find(TestTransaction.key(i))).isSameAs(chain);
      table.unlink(chain);
    }
    assertThat(table.size()).isZero();
    assertThat(ordered.blockCount()).isEqualTo(1);
  }

  @Test
  void link_ofADeadCandidate_makesANewChain() {
    Chain<Long> candidate = chain(1);
    table.unlink(table.link(candidate));
    Chain<Long> second = table.link(candidate);
    assertThat(second).isNotSameAs(candidate).isEqualTo(candidate);
    assertThat(candidate.isDead()).isTrue();
    assertThat(second.isLinkedIn(owner)).isTrue();
  }

  @Test
  void operations_atRandom_matchAMap() {
    for (long seed = 1; seed <= 20; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      KeyTable<Long> tested = new KeyTable<>(owner, new OrderedIndex<>());
      TreeMap<Integer, Chain<Long>> model = new TreeMap<>();
      for (int step = 0; step < 4_000; step++) {
        int number = random.nextInt(400);
        Chain<Long> known = model.get(number);
        if (random.nextInt(5) < 2 && known != null) {
          tested.unlink(known);
          model.remove(number);
        } else if (known == null && random.nextBoolean()) {
          model.put(number, tested.link(chain(number)));
        }
        int probe = random.nextInt(400);
        assertThat(tested.find(TestTransaction.key(probe)))
            .as("seed %s step %s", seed, step)
            .isSameAs(model.get(probe));
      }
      assertThat(tested.size()).isEqualTo(model.size());
    }
  }

  @Test
  void find_whileOthersLinkAndUnlink_neverMissesAPermanentChain() throws InterruptedException {
    int permanent = 500;
    List<Chain<Long>> chains = new ArrayList<>();
    for (int i = 0; i < permanent; i++) {
      chains.add(table.link(chain(i)));
    }
    AtomicBoolean stop = new AtomicBoolean();
    Threads.run(
        () -> {
          try {
            for (int i = 0; i < 150_000; i++) {
              // Two at a time, so that the table grows and shrinks.
              Chain<Long> one = table.link(chain(1_000 + i % 3_000));
              if (i % 3 != 0) {
                table.unlink(one);
              }
            }
          } finally {
            stop.set(true);
          }
        },
        () -> {
          for (int i = 0; !stop.get(); i = (i + 1) % permanent) {
            assertThat(table.find(TestTransaction.key(i))).isSameAs(chains.get(i));
          }
        });
  }

  private Chain<Long> chain(int number) {
    return new Chain<>(owner, TestTransaction.key(number));
  }

  /** {@return keys of 23 bytes whose hashes are equal: the last word undoes the first's part} */
  private static List<Key> collidingKeys(int count) {
    List<Key> keys = new ArrayList<>();
    long multiplier = 0x9E3779B97F4A7C15L;
    for (long first = 1; first <= count; first++) {
      long last = mix(mix(first ^ multiplier) ^ 0xFF);
      keys.add(Key.of(ByteBuffer.allocate(23).putLong(first).putLong(15, last).array()));
      assertThat(keys.getLast().hash64()).isEqualTo(keys.getFirst().hash64());
    }
    return keys;
  }

  private static long mix(long value) {
    long mixed = (value ^ (value >>> 32)) * 0x9E3779B97F4A7C15L;
    return mixed ^ (mixed >>> 29);
  }
}
