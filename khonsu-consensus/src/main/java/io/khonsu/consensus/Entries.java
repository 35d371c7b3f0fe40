package io.khonsu.consensus;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A run of consecutive entries: opaque bytes, or a single {@link StopSign}. Runs are immutable and
 * share their bytes with their slices; whoever hands an array or a buffer to a factory, or is given
 * a view, must not change it.
 */
public final class Entries {
  /** No entries. */
  public static final Entries EMPTY = new Entries(ByteBuffer.allocate(0), null, 0, 0, 0, null);

  /** What an entry costs beside its bytes, in messages and memory: empty ones need limits too. */
  static final int OVERHEAD_BYTES = 16;

  private final ByteBuffer bytes;

  /** Where entries start in {@link #bytes}, and one end more; null if all have one width. */
  private final int @Nullable [] starts;

  /** With {@link #starts} the place of the first entry in it, else the first entry's offset. */
  private final int first;

  private final int count;
  private final int width;
  private final @Nullable StopSign stopSign;

  private Entries(
      ByteBuffer bytes,
      int @Nullable [] starts,
      int first,
      int count,
      int width,
      @Nullable StopSign stopSign) {
    this.bytes = bytes;
    this.starts = starts;
    this.first = first;
    this.count = count;
    this.width = width;
    this.stopSign = stopSign;
  }

  /** {@return a run of the one entry {@code entry}, which is not copied} */
  public static Entries of(byte[] entry) {
    return of(ByteBuffer.wrap(entry));
  }

  /** {@return a run of one entry, that is all that remains in a buffer, which is not copied} */
  public static Entries of(ByteBuffer entry) {
    return new Entries(entry.slice(), null, 0, 1, entry.remaining(), null);
  }

  /** {@return a run of copies of {@code entries}} */
  public static Entries of(List<byte[]> entries) {
    if (entries.isEmpty()) {
      return EMPTY;
    }
    int[] starts = new int[entries.size() + 1];
    for (int i = 0; i < entries.size(); i++) {
      starts[i + 1] = Math.addExact(starts[i], entries.get(i).length);
    }
    ByteBuffer bytes = ByteBuffer.allocate(starts[entries.size()]);
    entries.forEach(bytes::put);
    return new Entries(bytes, starts, 0, entries.size(), 0, null);
  }

  /**
   * {@return a run of entries of one width that lie side by side}
   *
   * @param bytes the entries; not copied
   * @param width the size of each, a positive divisor of the number of bytes
   */
  public static Entries fixedWidth(byte[] bytes, int width) {
    return fixedWidth(ByteBuffer.wrap(bytes), width);
  }

  /** {@return the same of all that remains in a buffer} */
  public static Entries fixedWidth(ByteBuffer bytes, int width) {
    int size = bytes.remaining();
    if (width < 1 || size % width != 0) {
      throw new IllegalArgumentException(
          size + " bytes are not a number of entries of " + width + " bytes");
    }
    return new Entries(bytes.slice(), null, 0, size / width, width, null);
  }

  /**
   * {@return a run of entries of these sizes that lie side by side}
   *
   * @param bytes the entries; not copied
   * @param sizes the size of each in bytes; together as many as {@code bytes} has
   */
  public static Entries sideBySide(byte[] bytes, int[] sizes) {
    return sideBySide(ByteBuffer.wrap(bytes), sizes);
  }

  /** {@return the same of all that remains in a buffer} */
  public static Entries sideBySide(ByteBuffer bytes, int[] sizes) {
    int size = bytes.remaining();
    int[] starts = new int[sizes.length + 1];
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] < 0 || sizes[i] > size - starts[i]) {
        throw new IllegalArgumentException(
            "entry " + i + " of " + sizes[i] + " bytes does not fit into " + size);
      }
      starts[i + 1] = starts[i] + sizes[i];
    }
    if (starts[sizes.length] != size) {
      throw new IllegalArgumentException(
          "entries of " + starts[sizes.length] + " bytes do not fill " + size);
    }
    return sizes.length == 0 ? EMPTY : new Entries(bytes.slice(), starts, 0, sizes.length, 0, null);
  }

  /** {@return a run of one stop-sign} */
  public static Entries of(StopSign stopSign) {
    byte[] encoded = stopSign.encode();
    return new Entries(ByteBuffer.wrap(encoded), null, 0, 1, encoded.length, stopSign);
  }

  /** {@return the stop-sign, if this run is one; null if it is data} */
  public @Nullable StopSign stopSign() {
    return stopSign;
  }

  /** {@return whether this run is a stop-sign, not data} */
  public boolean isStopSign() {
    return stopSign != null;
  }

  /** {@return whether all entries are known to have the size of the first} */
  public boolean hasOneWidth() {
    return starts == null;
  }

  /** {@return how many entries there are} */
  public int count() {
    return count;
  }

  /** {@return how many bytes the entries have together} */
  public int sizeBytes() {
    return starts == null ? width * count : starts[first + count] - starts[first];
  }

  /** {@return the size of the entry at {@code index} of this run} */
  public int sizeBytes(int index) {
    Objects.checkIndex(index, count);
    return starts == null ? width : starts[first + index + 1] - starts[first + index];
  }

  /** {@return a copy of the entry at {@code index} of this run} */
  public byte[] entry(int index) {
    byte[] entry = new byte[sizeBytes(index)];
    bytes.get(offset(index), entry);
    return entry;
  }

  /** {@return a view of the entry at {@code index} of this run} */
  public ByteBuffer buffer(int index) {
    int size = sizeBytes(index);
    return bytes.slice(offset(index), size);
  }

  /** {@return a view of all entries, side by side} */
  public ByteBuffer buffer() {
    return bytes.slice(offset(0), sizeBytes());
  }

  /** {@return the entries from {@code from} to {@code to}, that excluded; bytes are shared} */
  public Entries slice(int from, int to) {
    Objects.checkFromToIndex(from, to, count);
    if (from == 0 && to == count) {
      return this;
    }
    if (from == to) {
      return EMPTY;
    }
    int start = starts == null ? first + from * width : first + from;
    return new Entries(bytes, starts, start, to - from, width, stopSign);
  }

  /** {@return what the entries cost together: their bytes, and the overhead of each} */
  long costBytes() {
    return sizeBytes() + (long) OVERHEAD_BYTES * count;
  }

  /** {@return the same of the entry at {@code index}} */
  long costBytes(int index) {
    return sizeBytes(index) + (long) OVERHEAD_BYTES;
  }

  /** {@return how many entries from {@code from} on cost no more than that, at least one} */
  int countWithin(int from, long limitBytes) {
    if (starts == null) {
      return Math.clamp(limitBytes / (width + (long) OVERHEAD_BYTES), 1, count - from);
    }
    int fitting = 1;
    long left = limitBytes - costBytes(from);
    while (from + fitting < count && costBytes(from + fitting) <= left) {
      left -= costBytes(from + fitting);
      fitting++;
    }
    return fitting;
  }

  private int offset(int index) {
    return starts == null ? first + index * width : starts[first + index];
  }

  @Override
  public boolean equals(Object other) {
    if (!(other instanceof Entries that)
        || count != that.count
        || isStopSign() != that.isStopSign()
        || sizeBytes() != that.sizeBytes()) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      if (sizeBytes(i) != that.sizeBytes(i)) {
        return false;
      }
    }
    return count == 0 || buffer().equals(that.buffer());
  }

  @Override
  public int hashCode() {
    return count == 0 ? 0 : 31 * count + buffer().hashCode();
  }

  @Override
  public String toString() {
    return stopSign != null ? "stop-sign of " + stopSign.next() : count + " entries";
  }
}
