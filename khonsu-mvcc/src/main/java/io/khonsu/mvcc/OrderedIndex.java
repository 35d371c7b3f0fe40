package io.khonsu.mvcc;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The chains in key order: a skip list of blocks, each a sorted array of up to {@value
 * #BLOCK_CAPACITY} chains. Scans never lock and never wait.
 *
 * <p>A block covers the keys from its low bound to the low bound of its right neighbour, which its
 * content names (a B-link tree of one level, Lehman and Yao, 1981). Content is replaced, never
 * changed, except that a chain may be appended behind its count. A scan searches for its first
 * block and from then on goes from each content, read once, to the right. So it neither misses nor
 * repeats a key, however blocks split and merge meanwhile:
 *
 * <ul>
 *   <li>A split publishes the right block first, and holds its monitor until the left one is cut,
 *       so nothing can enter the right block while a scan may still take the left one's old
 *       neighbour.
 *   <li>A merge leaves the dead block's content readable. It holds both monitors until the dead
 *       block has left the skip list, so nothing can enter its range before.
 * </ul>
 *
 * <p>A scan need not see chains linked after it began: they hold nothing visible to its snapshot.
 * Lock order: blocks from left to right.
 *
 * @param <V> the type of values
 */
final class OrderedIndex<V> {
  static final int BLOCK_CAPACITY = 256;

  private static final Key LOWEST = new Key(new byte[0]);

  private final ConcurrentSkipListMap<Key, Block<V>> blocks = new ConcurrentSkipListMap<>();

  /** Where the last insertion went: bulk loads in key order find their block without a search. */
  @SuppressWarnings("ThreadSafety") // a racy hint, checked before use
  private Block<V> lastInserted;

  OrderedIndex() {
    this(BLOCK_CAPACITY);
  }

  /** Creates an index with blocks of another capacity, which must be even. */
  OrderedIndex(int blockCapacity) {
    this.lastInserted =
        new Block<>(LOWEST, new Content<>(Content.newChains(blockCapacity), 0, null));
    blocks.put(LOWEST, lastInserted);
  }

  /** Adds a chain whose key is not in the index. */
  void insert(Chain<V> chain) {
    Block<V> block = lastInserted;
    while (!block.insert(chain, blocks)) {
      block = blockAt(chain);
    }
    lastInserted = block;
  }

  /** Removes a chain that is in the index. */
  void remove(Chain<V> chain) {
    Block<V> block = blockAt(chain);
    while (!block.remove(chain)) {
      block = blockAt(chain);
    }
    if (block.isSparse()) {
      mergeIntoLeft(block);
      Map.Entry<Key, Block<V>> right = blocks.higherEntry(block.low);
      if (right != null) {
        mergeIntoLeft(right.getValue());
      }
    }
  }

  /** {@return how many blocks there are} */
  int blockCount() {
    return blocks.size();
  }

  /** {@return the content that covers {@code position}: chains from there to its high bound} */
  Content<V> contentAt(Key position) {
    while (true) {
      Content<V> content = blockAt(position).content;
      // A block that was split since it was found may have given the position away.
      Key high = content.high();
      if (high == null || position.compareTo(high) < 0) {
        return content;
      }
    }
  }

  private Block<V> blockAt(Key position) {
    Map.Entry<Key, Block<V>> entry = blocks.floorEntry(position);
    return Invariants.present(entry, "the lowest block is always there").getValue();
  }

  /** Merges a block into its left neighbour, if both are small or it is empty. */
  private void mergeIntoLeft(Block<V> right) {
    Map.Entry<Key, Block<V>> entry = blocks.lowerEntry(right.low);
    if (entry == null) {
      return;
    }
    Block<V> left = entry.getValue();
    synchronized (left) {
      synchronized (right) {
        @Nullable Key border = left.content.high();
        boolean adjacent = !left.dead && !right.dead && border != null && border.equals(right.low);
        int joined = left.content.count + right.content.count;
        if (adjacent && (joined <= left.content.capacity() / 2 || right.content.count == 0)) {
          left.content = Content.joined(left.content, right.content);
          right.dead = true;
          blocks.remove(right.low);
        }
      }
    }
  }

  /** What a block holds at one time; only chains behind {@code count} may still be added. */
  static final class Content<V> {
    final Chain<V>[] chains;
    private final @Nullable Block<V> right;
    volatile int count;
    volatile @Nullable Run<V> run;

    private Content(Chain<V>[] chains, int count, @Nullable Block<V> right) {
      this.chains = chains;
      this.count = count;
      this.right = right;
    }

    /** {@return the first key that it does not cover, or null if there is none} */
    @Nullable Key high() {
      return right == null ? null : right.low;
    }

    private int capacity() {
      return chains.length;
    }

    /** {@return the content that begins where this one ends, or null if nothing follows} */
    @Nullable Content<V> next() {
      return right == null ? null : right.content;
    }

    /**
     * {@return the index of the first chain at or after {@code key}, among the first {@code size}}
     */
    int lowerBound(Key key, int size) {
      if (size > 0 && chains[size - 1].compareTo(key) < 0) {
        return size; // keys often arrive in order
      }
      int low = 0;
      int high = size;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (chains[middle].compareTo(key) < 0) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    private static <V> Content<V> joined(Content<V> left, Content<V> right) {
      Chain<V>[] chains = newChains(left.capacity());
      System.arraycopy(left.chains, 0, chains, 0, left.count);
      System.arraycopy(right.chains, 0, chains, left.count, right.count);
      return new Content<>(chains, left.count + right.count, right.right);
    }

    private Content<V> part(int from, int to, @Nullable Block<V> right) {
      Chain<V>[] part = newChains(capacity());
      System.arraycopy(chains, from, part, 0, to - from);
      return new Content<>(part, to - from, right);
    }

    private Content<V> with(int at, Chain<V> chain) {
      Chain<V>[] wider = newChains(capacity());
      System.arraycopy(chains, 0, wider, 0, at);
      wider[at] = chain;
      System.arraycopy(chains, at, wider, at + 1, count - at);
      return new Content<>(wider, count + 1, right);
    }

    private Content<V> without(int at) {
      Chain<V>[] narrower = newChains(capacity());
      System.arraycopy(chains, 0, narrower, 0, at);
      System.arraycopy(chains, at + 1, narrower, at, count - at - 1);
      return new Content<>(narrower, count - 1, right);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
    private static <V> Chain<V>[] newChains(int capacity) {
      return new Chain[capacity];
    }
  }

  /**
   * A finding about a whole content: the newest versions of its first {@code count} chains, none of
   * them above {@code version}, stood at consecutive indexes of one value.
   */
  record Run<V>(V value, int firstIndex, int count, long version) {}

  /** A stretch of the key space. All changes hold its monitor. */
  private static final class Block<V> {
    private final Key low;
    private volatile Content<V> content;
    private boolean dead;

    private Block(Key low, Content<V> content) {
      this.low = low;
      this.content = content;
    }

    /** {@return whether the chain was added; false if this block does not cover its key} */
    private synchronized boolean insert(
        Chain<V> chain, ConcurrentSkipListMap<Key, Block<V>> blocks) {
      if (!covers(chain)) {
        return false;
      }
      Content<V> current = content;
      int at = current.lowerBound(chain, current.count);
      int capacity = current.capacity();
      if (current.count == capacity) {
        split(at == capacity ? at : capacity / 2, chain, blocks);
        return at < capacity && insert(chain, blocks);
      }
      if (at == current.count) {
        current.chains[at] = chain;
        current.count = at + 1;
      } else {
        content = current.with(at, chain);
      }
      return true;
    }

    /** {@return whether the chain was removed; false if this block does not cover its key} */
    @SuppressWarnings("ReferenceEquality") // this very chain
    private synchronized boolean remove(Chain<V> chain) {
      if (!covers(chain)) {
        return false;
      }
      int at = content.lowerBound(chain, content.count);
      Invariants.check(
          at < content.count && content.chains[at] == chain, "a linked chain stands in the index");
      content = content.without(at);
      return true;
    }

    private boolean covers(Key key) {
      @Nullable Key high = content.high();
      return !dead && low.compareTo(key) <= 0 && (high == null || key.compareTo(high) < 0);
    }

    private boolean isSparse() {
      return content.count < content.capacity() / 4;
    }

    /**
     * Moves the chains from {@code at} on to a new block on the right. When {@code at} is the end,
     * the new block starts empty at {@code next}, so that keys arriving in order fill each block.
     */
    private void split(int at, Chain<V> next, ConcurrentSkipListMap<Key, Block<V>> blocks) {
      Content<V> full = content;
      Key middle = new Key(at == full.count ? next : full.chains[at]);
      Block<V> right = new Block<>(middle, full.part(at, full.count, full.right));
      synchronized (right) {
        blocks.put(middle, right);
        content = full.part(0, at, right);
      }
    }
  }
}
