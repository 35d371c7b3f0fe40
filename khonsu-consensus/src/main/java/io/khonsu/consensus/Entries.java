package io.khonsu.consensus;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A run of consecutive entries: opaque bytes, or a single {@link StopSign}. Runs are immutable and
 * share their bytes with their slices; whoever hands an array to a factory must not change it
 * afterwards.
 */
public final class Entries {
  /** No entries. */
  public static final Entries EMPTY = new Entries(new byte[0], null, 0, 0, 0, null);

  /** What an entry costs beside its bytes, in messages and memory: empty ones need limits too. */
  static final int OVERHEAD_BYTES = 16;

  private final byte[] bytes;

  /** Where entries start in {@link #bytes}, and one end more; null if all have one width. */
  private final int @Nullable [] starts;

  /** With {@link #starts} the place of the first entry in it, else the first entry's offset. */
  private final int first;

  private final int count;
  private final int width;
  private final @Nullable StopSign stopSign;

  private Entries(
      byte[] bytes,
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
    return new Entries(entry, null, 0, 1, entry.length, null);
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
    byte[] bytes = new byte[starts[entries.size()]];
    for (int i = 0; i < entries.size(); i++) {
      System.arraycopy(entries.get(i), 0, bytes, starts[i], entries.get(i).length);
    }
    return new Entries(bytes, starts, 0, entries.size(), 0, null);
  }

  /**
   * {@return a run of entries of one width that lie side by side}
   *
   * @param bytes the entries; not copied
   * @param width the size of each, a positive divisor of the number of bytes
   */
  public static Entries fixedWidth(byte[] bytes, int width) {
    if (width < 1 || bytes.length % width != 0) {
      throw new IllegalArgumentException(
          bytes.length + " bytes are not a number of entries of " + width + " bytes");
    }
    return new Entries(bytes, null, 0, bytes.length / width, width, null);
  }

  /**
   * {@return a run of entries of these sizes that lie side by side}
   *
   * @param bytes the entries; not copied
   * @param sizes the size of each in bytes; together as many as {@code bytes} has
   */
  public static Entries sideBySide(byte[] bytes, int[] sizes) {
    int[] starts = new int[sizes.length + 1];
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] < 0 || sizes[i] > bytes.length - starts[i]) {
        throw new IllegalArgumentException(
            "entry " + i + " of " + sizes[i] + " bytes does not fit into " + bytes.length);
      }
      starts[i + 1] = starts[i] + sizes[i];
    }
    if (starts[sizes.length] != bytes.length) {
      throw new IllegalArgumentException(
          "entries of " + starts[sizes.length] + " bytes do not fill " + bytes.length);
    }
    return sizes.length == 0 ? EMPTY : new Entries(bytes, starts, 0, sizes.length, 0, null);
  }

  /** {@return a run of one stop-sign} */
  public static Entries of(StopSign stopSign) {
    byte[] encoded = stopSign.encode();
    return new Entries(encoded, null, 0, 1, encoded.length, stopSign);
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
    int size = sizeBytes(index);
    int offset = offset(index);
    return Arrays.copyOfRange(bytes, offset, offset + size);
  }

  /** {@return a read-only view of the entry at {@code index} of this run} */
  public ByteBuffer buffer(int index) {
    int size = sizeBytes(index);
    return ByteBuffer.wrap(bytes, offset(index), size).slice().asReadOnlyBuffer();
  }

  /** {@return a read-only view of all entries, side by side} */
  public ByteBuffer buffer() {
    return ByteBuffer.wrap(bytes, offset(0), sizeBytes()).slice().asReadOnlyBuffer();
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
