package io.khonsu.spi;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Changes to a {@link KeyValueStore} that happen together, in the order in which they were added.
 * Not thread-safe. Arrays are borrowed until the batch was written.
 */
public final class KeyValueBatch {
  private final List<Change> changes = new ArrayList<>();
  private long sizeBytes;

  /** Creates an empty batch. */
  public KeyValueBatch() {}

  /** Gives a key a value. */
  public KeyValueBatch put(String space, byte[] key, byte[] value) {
    return add(new Change(Kind.PUT, space, key, value));
  }

  /** Deletes a key; it need not exist. */
  public KeyValueBatch delete(String space, byte[] key) {
    return add(new Change(Kind.DELETE, space, key, key));
  }

  /** Deletes all keys from one on, and before another. */
  public KeyValueBatch deleteRange(String space, byte[] from, byte[] to) {
    return add(new Change(Kind.DELETE_RANGE, space, from, to));
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
        case DELETE -> visitor.delete(change.space, change.key);
        case DELETE_RANGE -> visitor.deleteRange(change.space, change.key, change.other);
      }
    }
  }

  /** Takes changes one by one; arrays are borrowed. */
  public interface Visitor {
    /** A key gets a value. */
    void put(String space, byte[] key, byte[] value) throws IOException;

    /** A key is deleted. */
    void delete(String space, byte[] key) throws IOException;

    /** All keys from {@code from} on and before {@code to} are deleted. */
    void deleteRange(String space, byte[] from, byte[] to) throws IOException;
  }

  private enum Kind {
    PUT,
    DELETE,
    DELETE_RANGE
  }

  /** One change; {@code other} is the value, or the end of the range. */
  private static final class Change {
    private final Kind kind;
    private final String space;
    private final byte[] key;
    private final byte[] other;

    private Change(Kind kind, String space, byte[] key, byte[] other) {
      this.kind = kind;
      this.space = Objects.requireNonNull(space, "space");
      this.key = Objects.requireNonNull(key, "key");
      this.other = Objects.requireNonNull(other, "value or end");
    }
  }
}
