package io.khonsu.spi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.KeyValue;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.Timestamp;
import org.apache.arrow.flatbuf.Type;
import org.apache.arrow.flatbuf.Union;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Reads a schema from Arrow's encapsulated message, after a look at how deep it is and how much
 * there is in it: Arrow follows any offset, so a few bytes could stand for fields without end, or
 * take more stack than one thread has and another has not.
 */
final class SchemaMessage {
  /** Fields within fields within a column; more than any table can have. */
  private static final int DEPTH_MAX = 64;

  /** What an encapsulated message begins with, before its length. */
  private static final int CONTINUATION = -1;

  /** A field, or a pair of texts, has a place in a list and a table of its own. */
  private static final int ENTRY_BYTES = 8;

  /** How much more may be in the message. */
  private long leftBytes;

  private SchemaMessage(long sizeBytes) {
    this.leftBytes = sizeBytes;
  }

  /**
   * {@return the schema of a message} The same bytes are read or refused on every machine and
   * thread.
   *
   * @throws DamagedStorageException if they are none
   */
  static Schema read(ByteBuffer message) throws DamagedStorageException {
    try {
      org.apache.arrow.flatbuf.Schema schema = schema(message);
      new SchemaMessage(message.remaining()).check(schema);
      return Schema.convertSchema(schema);
    } catch (RuntimeException e) { // flat buffers check nothing
      DamagedStorageException damage = damaged("a schema in it cannot be read");
      damage.initCause(e);
      throw damage;
    }
  }

  private static org.apache.arrow.flatbuf.Schema schema(ByteBuffer message)
      throws DamagedStorageException {
    // Alone in its array: what reads text may look only at where that ends.
    ByteBuffer in =
        ByteBuffer.allocate(message.remaining())
            .put(message.duplicate())
            .flip()
            .order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt() != CONTINUATION || in.getInt() != in.remaining()) {
      throw damaged("a schema in it is not as long as it says");
    }
    Message envelope = Message.getRootAsMessage(in.slice().order(ByteOrder.LITTLE_ENDIAN));
    if (envelope.headerType() != MessageHeader.Schema
        || !(envelope.header(new org.apache.arrow.flatbuf.Schema())
            instanceof org.apache.arrow.flatbuf.Schema schema)) {
      throw damaged("a message in it is none of a schema");
    }
    return schema;
  }

  private void check(org.apache.arrow.flatbuf.Schema schema) {
    for (int i = 0; i < schema.fieldsLength(); i++) {
      check(schema.fields(i), 1);
    }
    for (int i = 0; i < schema.customMetadataLength(); i++) {
      check(schema.customMetadata(i));
    }
  }

  private void check(Field field, int depth) {
    if (depth > DEPTH_MAX) {
      throw new IllegalArgumentException("fields are nested deeper than " + DEPTH_MAX);
    }
    take(ENTRY_BYTES + sizeOf(field.nameAsByteBuffer()) + typeBytes(field));
    for (int i = 0; i < field.customMetadataLength(); i++) {
      check(field.customMetadata(i));
    }
    for (int i = 0; i < field.childrenLength(); i++) {
      check(field.children(i), depth + 1);
    }
  }

  private static long typeBytes(Field field) {
    return switch (field.typeType()) {
      case Type.Union ->
          field.type(new Union()) instanceof Union union
              ? (long) Integer.BYTES * Math.max(0, union.typeIdsLength())
              : 0;
      case Type.Timestamp ->
          field.type(new Timestamp()) instanceof Timestamp timestamp
              ? sizeOf(timestamp.timezoneAsByteBuffer())
              : 0;
      default -> 0;
    };
  }

  private void check(KeyValue pair) {
    take(ENTRY_BYTES + sizeOf(pair.keyAsByteBuffer()) + sizeOf(pair.valueAsByteBuffer()));
  }

  private static long sizeOf(@Nullable ByteBuffer text) {
    return text == null ? 0 : text.remaining();
  }

  private void take(long sizeBytes) {
    leftBytes -= sizeBytes;
    if (leftBytes < 0) {
      throw new IllegalArgumentException("a schema stands for more than its bytes");
    }
  }

  private static DamagedStorageException damaged(String what) {
    return new DamagedStorageException("an encoded transaction cannot be read: " + what);
  }
}
