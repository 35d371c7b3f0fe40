package io.khonsu.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Changes to a {@link KeyValueStore} that happen together, in the order in which they were added.
 * Not thread-safe. Arrays are borrowed until the batch was written.
 */
public final class KeyValueBatch {
  private static final byte[] NONE = {};

  private final List<Change> changes = new ArrayList<>();
  private long sizeBytes;

  /** Creates an empty batch. */
  public KeyValueBatch() {}

  /** Gives a key a value. */
  public KeyValueBatch put(String space, byte[] key, byte[] value) {
    return add(new Change(Kind.PUT, space, key, value));
  }

  /**
   * Gives a key a value that comes in parts.
   *
   * @param parts what remains in each of them, one behind the other; borrowed, and nobody moves in
   *     them
   */
  public KeyValueBatch put(String space, byte[] key, List<ByteBuffer> parts) {
    sizeBytes += sizeBytes(parts);
    return add(new Change(Kind.PUT_PARTS, space, key, NONE, List.copyOf(parts)));
  }

  private static int sizeBytes(List<ByteBuffer> parts) {
    int size = 0;
    for (ByteBuffer part : parts) {
      size = Math.addExact(size, part.remaining());
    }
    return size;
  }

  /** Deletes a key; it need not exist. */
  public KeyValueBatch delete(String space, byte[] key) {
    return add(new Change(Kind.DELETE, space, key, key));
  }

  /** Deletes all keys from one on, and before another. */
  public KeyValueBatch deleteRange(String space, byte[] from, byte[] to) {
    return add(new Change(Kind.DELETE_RANGE, space, from, to));
  }

  /** {@return a value that comes in parts as one array} */
  public static byte[] joined(List<ByteBuffer> parts) {
    byte[] value = new byte[sizeBytes(parts)];
    ByteBuffer target = ByteBuffer.wrap(value);
    parts.forEach(part -> target.put(part.duplicate()));
    return value;
  }

  private KeyValueBatch add(Change change) {
    changes.add(change);
    sizeBytes += change.key.length + change.other.length;
    return this;
  }

  /** {@return whether it changes nothing} */
  public boolean isEmpty() {
    return changes.isEmpty();
  }

  /** {@return the bytes of keys and values in it} */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Hands over the changes in their order. */
  public void forEach(Visitor visitor) throws IOException {
    for (Change change : changes) {
      switch (change.kind) {
        case PUT -> visitor.put(change.space, change.key, change.other);
        case PUT_PARTS -> visitor.put(change.space, change.key, change.parts);
        case DELETE -> visitor.delete(change.space, change.key);
        case DELETE_RANGE -> visitor.deleteRange(change.space, change.key, change.other);
      }
    }
  }

  /** Takes changes one by one; arrays are borrowed. */
  public interface Visitor {
    /** A key gets a value. */
    void put(String space, byte[] key, byte[] value) throws IOException;

    /** A key gets a value that comes in parts, in which nobody moves. */
    default void put(String space, byte[] key, List<ByteBuffer> parts) throws IOException {
      put(space, key, joined(parts));
    }

    /** A key is deleted. */
    void delete(String space, byte[] key) throws IOException;

    /** All keys from {@code from} on and before {@code to} are deleted. */
    void deleteRange(String space, byte[] from, byte[] to) throws IOException;
  }

  private enum Kind {
    PUT,
    PUT_PARTS,
    DELETE,
    DELETE_RANGE
  }

  /** One change; {@code other} is the value, unless that is in parts, or the end of the range. */
  private static final class Change {
    private final Kind kind;
    private final String space;
    private final byte[] key;
    private final byte[] other;
    private final List<ByteBuffer> parts;

    private Change(Kind kind, String space, byte[] key, byte[] other) {
      this(kind, space, key, other, List.of());
    }

    private Change(Kind kind, String space, byte[] key, byte[] other, List<ByteBuffer> parts) {
      this.kind = kind;
      this.space = Objects.requireNonNull(space, "space");
      this.key = Objects.requireNonNull(key, "key");
      this.other = Objects.requireNonNull(other, "value or end");
      this.parts = parts;
    }
  }
}
