package io.khonsu.mvcc;

/**
 * Fills a buffer that nobody uses yet with items that were committed before it was made, each with
 * one version, without a commit for any of them. Not thread-safe; the buffer may be given to others
 * after {@link #finish}.
 *
 * @param <V> the type of values
 */
public final class Loading<V> {
  private final TxnBuffer<V> buffer;
  private long newest;

  Loading(TxnBuffer<V> buffer) {
    this.buffer = buffer;
  }

  /**
   * Puts an item into the buffer.
   *
   * @param key its bytes, taken over; fastest in ascending order
   * @param value what its only version has
   * @param index the position inside the value
   * @param version the commit that wrote it
   * @throws IllegalArgumentException if the item is there already
   */
  public void add(byte[] key, V value, int index, long version) {
    Chain<V> candidate = new Chain<>(buffer, new Key(key));
    Chain<V> chain = buffer.table().link(candidate);
    if (chain.head() != null) {
      throw new IllegalArgumentException("an item is loaded twice, key " + candidate);
    }
    Version<V> loaded = new Version<>();
    loaded.assign(value, index);
    loaded.version = version;
    chain.install(loaded);
    buffer.collector().loaded();
    newest = Math.max(newest, version);
  }

  /**
   * Makes the items visible, as the state after a commit: the oldest that can be read.
   *
   * @param version of that commit, at least that of every item
   * @throws IllegalArgumentException if an item is newer
   */
  public void finish(long version) {
    if (version < newest) {
      throw new IllegalArgumentException(
          "an item has version %d, newer than %d".formatted(newest, version));
    }
    buffer.section().enterForUpkeep();
    try {
      CommitRecord<V> base = CommitRecord.origin(version);
      buffer.collector().beginAt(version);
      buffer.dependencies().append(base);
      buffer.dependencies().publish(base);
    } finally {
      buffer.leave();
    }
  }
}
