package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The point index against a set, with keys that collide, shortly before its slots run out. */
@Param(name = "key", gen = IntGen.class, conf = "0:2")
@SuppressWarnings("missing-explicit-ctor") // public for Lincheck alone
public final class KeyTableLincheckTest {
  private static final int KEYS = 3;

  /** Links until the next but one makes new slots: ten of sixteen are the limit. */
  private static final int LINKED_BEFORE = 9;

  private static final List<Key> COLLIDING = collidingKeys();

  private final TxnBuffer<Long> owner = new TxnBuffer<>(BufferOptions.simple());
  private final OrderedIndex<Long> ordered = new OrderedIndex<>();
  private final KeyTable<Long> table = new KeyTable<>(owner, ordered);
  private final ReentrantLock section = new ReentrantLock();
  private final List<Key> shared = new ArrayList<>();

  /** Leaves one slot before growth, as the slots of unlinked chains are not used again. */
  public KeyTableLincheckTest() {
    for (int i = 0; i < LINKED_BEFORE; i++) {
      table.unlink(table.link(candidate(KEYS)));
    }
    for (int i = 0; i < KEYS; i++) {
      shared.add(candidate(i));
    }
  }

  @Test
  void operations_interleaved_areLinearizable() {
    Linchecks.modelCheck(getClass(), Specification.class, 5, 100);
  }

  @Test
  void operations_onThreads_areLinearizable() {
    Linchecks.stress(getClass(), Specification.class, 5, 500);
  }

  @Test
  @Tag("long")
  void manyOperations_interleaved_areLinearizable() {
    Linchecks.modelCheck(getClass(), Specification.class, 200, 5_000);
  }

  @Test
  @Tag("long")
  void manyOperations_onThreads_areLinearizable() {
    Linchecks.stress(getClass(), Specification.class, 200, 20_000);
  }

  /** {@return whether the key was new} */
  @Operation
  public boolean link(@Param(name = "key") int number) {
    Chain<Long> candidate = candidate(number);
    Chain<Long> linked = table.link(candidate);
    return sameChain(linked, candidate);
  }

  /** Links a candidate that others use too, maybe dead. */
  @Operation
  @SuppressWarnings("unchecked") // a chain of this owner
  public void linkShared(@Param(name = "key") int number) {
    Chain<Long> linked = table.link((Chain<Long>) shared.get(number));
    Invariants.check(linked.equals(shared.get(number)), "link returns a chain of its key");
  }

  @Operation
  public boolean find(@Param(name = "key") int number) {
    return table.find(COLLIDING.get(number)) != null;
  }

  /** Finds by a key that may say itself that it is linked. */
  @Operation
  public boolean resolve(@Param(name = "key") int number) {
    return table.resolve(shared.get(number)) != null;
  }

  /** {@return whether the key was there} */
  @Operation
  public boolean unlink(@Param(name = "key") int number) {
    section.lock();
    try {
      Chain<Long> found = table.find(COLLIDING.get(number));
      if (found != null) {
        table.unlink(found);
      }
      return found != null;
    } finally {
      section.unlock();
    }
  }

  /** Both indexes hold the same chains, and the same as the count. */
  @Validate
  public void indexesAgree() {
    int found = 0;
    for (Key key : COLLIDING) {
      found += table.find(key) == null ? 0 : 1;
    }
    OrderedIndex.Content<Long> content = ordered.contentAt(key(0));
    Invariants.check(content.count == found, "both indexes hold the same chains");
    for (int i = 0; i < content.count; i++) {
      Chain<Long> chain = content.chains[i];
      Invariants.check(sameChain(table.find(chain), chain), "a chain is in both indexes");
      Invariants.check(chain.isLinkedIn(owner), "a chain in the indexes is linked");
    }
    Invariants.check(table.size() == found, "the table counts its chains");
  }

  private Chain<Long> candidate(int number) {
    return new Chain<>(owner, COLLIDING.get(number));
  }

  @SuppressWarnings("ReferenceEquality") // this very chain
  private static boolean sameChain(@Nullable Chain<Long> one, Chain<Long> other) {
    return one == other;
  }

  /** {@return keys of one segment, whose probing begins at one slot} */
  private static List<Key> collidingKeys() {
    int mask = 0xFC00_000F;
    List<Key> keys = new ArrayList<>();
    for (int i = 0; keys.size() <= KEYS; i++) {
      Key key = key(i);
      if (keys.isEmpty() || (key.hashCode() & mask) == (keys.getFirst().hashCode() & mask)) {
        keys.add(key);
      }
    }
    return List.copyOf(keys);
  }

  /** What the operations mean. */
  public static class Specification {
    private final TreeSet<Integer> linked = new TreeSet<>();

    public boolean link(int number) {
      return linked.add(number);
    }

    public void linkShared(int number) {
      linked.add(number);
    }

    public boolean find(int number) {
      return linked.contains(number);
    }

    public boolean resolve(int number) {
      return linked.contains(number);
    }

    public boolean unlink(int number) {
      return linked.remove(number);
    }
  }
}
