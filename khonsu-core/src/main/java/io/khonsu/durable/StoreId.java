package io.khonsu.durable;

import java.nio.ByteBuffer;
import java.util.UUID;

/** What tells one durable store from all others, in every file that belongs to it. */
public record StoreId(long high, long low) {
  /** How many bytes it takes in a file. */
  static final int BYTES = 2 * Long.BYTES;

  /** {@return an id that no other store has} */
  static StoreId random() {
    UUID id = UUID.randomUUID();
    return new StoreId(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  static StoreId read(ByteBuffer source) {
    return new StoreId(source.getLong(), source.getLong());
  }

  void write(ByteBuffer target) {
    target.putLong(high).putLong(low);
  }

  byte[] toBytes() {
    return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
  }

  @Override
  public String toString() {
    return new UUID(high, low).toString();
  }
}
