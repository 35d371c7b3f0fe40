package io.khonsu.spi;

import io.khonsu.TableSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.arrow.vector.ipc.WriteChannel;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Committed transactions as bytes: what is logged, archived and sent. The same transaction gives
 * the same bytes on every machine.
 *
 * <p>Format 1, numbers big-endian: two bytes of magic, one of format version, one 0; the length of
 * the whole in 4 bytes; a CRC32C of all but itself in 4; commit version and transaction id in 8
 * each; the number of mutations in 4; the mutations. Each is a byte for its kind, the table's
 * number in 4 bytes, and then its fields. A field of bytes is its length in 4 bytes, then the
 * bytes; text is UTF-8; a schema is Arrow's own encapsulated message.
 */
public final class TransactionCodec {
  /** The format that this version writes, and the only one it reads. */
  public static final int FORMAT_VERSION = 1;

  /** The largest encoded transaction. */
  public static final int SIZE_MAX_BYTES = Integer.MAX_VALUE - 1024;

  private static final short MAGIC = 0x4B54; // "KT"
  private static final int FORMAT_AT = 2;
  private static final int LENGTH_AT = 4;
  private static final int CHECKSUM_AT = 8;
  private static final int VERSION_AT = 12;
  private static final int HEADER_BYTES = 12 + 8 + 8 + 4;

  private static final byte CREATE_TABLE = 1;
  private static final byte DROP_TABLE = 2;
  private static final byte PUT_ROWS = 3;
  private static final byte PUT_BATCH = 4;
  private static final byte DELETE = 5;

  /** A kind, a table and one length: no mutation is shorter but for DROP_TABLE. */
  private static final int MUTATION_MIN_BYTES = 5;

  private TransactionCodec() {}

  /**
   * {@return the bytes of a transaction}
   *
   * @throws IllegalArgumentException if they are more than {@link #SIZE_MAX_BYTES}
   */
  public static byte[] encode(CommittedTransaction transaction) {
    byte[] bytes = new byte[sizeBytes(transaction)];
    encode(transaction, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /**
   * {@return how many bytes a transaction has}
   *
   * @throws IllegalArgumentException if they are more than {@link #SIZE_MAX_BYTES}
   */
  public static int sizeBytes(CommittedTransaction transaction) {
    long size = HEADER_BYTES;
    for (Mutation mutation : transaction.mutations()) {
      size += headBytes(mutation) + (long) body(mutation).remaining();
    }
    if (size > SIZE_MAX_BYTES) {
      throw new IllegalArgumentException(
          "commit %d takes %d bytes encoded, at most %d are possible: write less at a time"
              .formatted(transaction.version(), size, SIZE_MAX_BYTES));
    }
    return (int) size;
  }

  /** Writes the bytes of a transaction, which has {@link #sizeBytes} of them. */
  public static void encode(CommittedTransaction transaction, ByteBuffer target) {
    int size = sizeBytes(transaction);
    ByteBuffer its = target.slice(target.position(), size);
    target.position(target.position() + size);
    its.putShort(MAGIC).put((byte) FORMAT_VERSION).put((byte) 0).putInt(size).putInt(0);
    its.putLong(transaction.version()).putLong(transaction.transactionId());
    its.putInt(transaction.mutations().size());
    for (Mutation mutation : transaction.mutations()) {
      its.put(head(mutation)).put(body(mutation));
    }
    its.putInt(CHECKSUM_AT, checksum(its));
  }

  /** {@return the bytes of a transaction, with another version and id} */
  static byte[] restamped(ByteBuffer encoded, long version, long transactionId) {
    ByteBuffer copy = ByteBuffer.allocate(encoded.remaining()).put(encoded.duplicate()).flip();
    copy.putLong(VERSION_AT, version).putLong(VERSION_AT + Long.BYTES, transactionId);
    return copy.putInt(CHECKSUM_AT, checksum(copy)).array();
  }

  /** {@return the checksum that the encoded transaction which remains in a buffer has in it} */
  static int checksumIn(ByteBuffer encoded) {
    return encoded.getInt(encoded.position() + CHECKSUM_AT);
  }

  /**
   * {@return the transaction of bytes, which it keeps and nobody may change any more} Frames in it
   * are parts of these bytes, and are not looked into.
   *
   * @throws DamagedStorageException if the bytes are not exactly what {@link #encode} makes
   * @throws StorageRefusedException if they have another format version
   */
  public static CommittedTransaction decode(byte[] bytes)
      throws DamagedStorageException, StorageRefusedException {
    Content content = content(ByteBuffer.wrap(bytes));
    LogRecord record = new LogRecord(content.version, bytes);
    return new CommittedTransaction(
        content.version, content.transactionId, content.mutations, record);
  }

  /**
   * {@return the transaction of all that remains in a buffer} As {@link #decode(byte[])}, but its
   * {@linkplain CommittedTransaction#record record} is copied out of it if that is asked for.
   */
  public static CommittedTransaction decode(ByteBuffer bytes)
      throws DamagedStorageException, StorageRefusedException {
    ByteBuffer source = bytes.slice();
    Content content = content(source);
    return new CommittedTransaction(
        content.version, content.transactionId, content.mutations, source.rewind());
  }

  /** What an encoded transaction says. */
  private record Content(long version, long transactionId, List<Mutation> mutations) {}

  private static Content content(ByteBuffer source)
      throws DamagedStorageException, StorageRefusedException {
    checkHeader(source);
    source.position(CHECKSUM_AT + Integer.BYTES);
    try {
      long version = source.getLong();
      long transactionId = source.getLong();
      int count = source.getInt();
      if (version <= 0 || count <= 0 || count > source.remaining() / MUTATION_MIN_BYTES) {
        throw damaged("version %d with %d changes".formatted(version, count));
      }
      List<Mutation> mutations = mutations(source, count);
      if (source.hasRemaining()) {
        throw damaged(source.remaining() + " bytes follow the last change");
      }
      return new Content(version, transactionId, mutations);
    } catch (BufferUnderflowException | IllegalArgumentException | CharacterCodingException e) {
      DamagedStorageException damage = damaged("its content is invalid: " + e.getMessage());
      damage.initCause(e);
      throw damage;
    }
  }

  private static List<Mutation> mutations(ByteBuffer source, int count)
      throws DamagedStorageException, CharacterCodingException {
    if (count == 1) {
      return List.of(mutation(source));
    }
    List<Mutation> mutations = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      mutations.add(mutation(source));
    }
    return mutations;
  }

  private static void checkHeader(ByteBuffer source)
      throws DamagedStorageException, StorageRefusedException {
    int size = source.limit();
    if (size < HEADER_BYTES || source.getShort(0) != MAGIC) {
      throw damaged(size + " bytes do not begin as one");
    }
    byte format = source.get(FORMAT_AT);
    if (format != FORMAT_VERSION) {
      throw new StorageRefusedException(
          StorageRefusedException.Reason.UNKNOWN_FORMAT,
          "an encoded transaction has format version %d, this program knows version %d: use the"
                  .formatted(format, FORMAT_VERSION)
              + " version of Khonsu that wrote it");
    }
    if (source.getInt(LENGTH_AT) != size) {
      throw damaged("it is %d bytes and says %d".formatted(size, source.getInt(LENGTH_AT)));
    }
    if (source.get(FORMAT_AT + 1) != 0 || source.getInt(CHECKSUM_AT) != checksum(source)) {
      throw damaged("it does not have its checksum");
    }
  }

  private static int checksum(ByteBuffer bytes) {
    int behind = CHECKSUM_AT + Integer.BYTES;
    CRC32C crc = new CRC32C();
    update(crc, bytes, 0, CHECKSUM_AT);
    update(crc, bytes, behind, bytes.limit() - behind);
    return (int) crc.getValue();
  }

  private static void update(CRC32C crc, ByteBuffer bytes, int from, int length) {
    if (bytes.hasArray()) {
      crc.update(bytes.array(), bytes.arrayOffset() + from, length);
    } else {
      crc.update(bytes.slice(from, length));
    }
  }

  /** {@return a schema as Arrow's own method gives it, which fails if the thread is interrupted} */
  private static byte[] message(Schema schema) {
    Fields fields = new Fields();
    try (WriteChannel channel = new WriteChannel(fields)) {
      MessageSerializer.serialize(channel, schema);
      return fields.toByteArray();
    } catch (IOException e) {
      throw new AssertionError("writing to memory does not fail", e);
    }
  }

  /** {@return what stands before the bytes of a mutation's largest field, with their length} */
  private static byte[] head(Mutation mutation) {
    Fields fields = new Fields();
    switch (mutation) {
      case Mutation.CreateTable(int id, TableSpec spec) -> {
        fields.kind(CREATE_TABLE, id).text(spec.name()).number(code(spec.kind()));
        fields.number(spec.keyColumns().size());
        spec.keyColumns().forEach(fields::text);
        fields.bytes(message(spec.schema()));
      }
      case Mutation.DropTable(int id) -> fields.kind(DROP_TABLE, id);
      case Mutation.PutRows(int id, ByteBuffer frame) ->
          fields.kind(PUT_ROWS, id).number(frame.remaining());
      case Mutation.PutBatch(int id, String name, ByteBuffer frame) ->
          fields.kind(PUT_BATCH, id).text(name).number(frame.remaining());
      case Mutation.Delete(int id, ByteBuffer key) ->
          fields.kind(DELETE, id).number(key.remaining());
    }
    return fields.toByteArray();
  }

  private static int headBytes(Mutation mutation) {
    return switch (mutation) {
      case Mutation.PutRows _, Mutation.Delete _ -> MUTATION_MIN_BYTES + Integer.BYTES;
      case Mutation.DropTable _ -> MUTATION_MIN_BYTES;
      case Mutation.CreateTable _, Mutation.PutBatch _ -> head(mutation).length;
    };
  }

  private static ByteBuffer body(Mutation mutation) {
    return switch (mutation) {
      case Mutation.PutRows(int _, ByteBuffer frame) -> frame.duplicate();
      case Mutation.PutBatch(int _, String _, ByteBuffer frame) -> frame.duplicate();
      case Mutation.Delete(int _, ByteBuffer key) -> key.duplicate();
      case Mutation.CreateTable _, Mutation.DropTable _ -> ByteBuffer.allocate(0);
    };
  }

  private static Mutation mutation(ByteBuffer source)
      throws DamagedStorageException, CharacterCodingException {
    byte kind = source.get();
    int tableId = source.getInt();
    return switch (kind) {
      case CREATE_TABLE -> new Mutation.CreateTable(tableId, spec(source));
      case DROP_TABLE -> new Mutation.DropTable(tableId);
      case PUT_ROWS -> new Mutation.PutRows(tableId, part(source));
      case PUT_BATCH -> new Mutation.PutBatch(tableId, text(source), part(source));
      case DELETE -> new Mutation.Delete(tableId, part(source));
      default -> throw damaged("a change has kind " + kind);
    };
  }

  private static TableSpec spec(ByteBuffer source)
      throws DamagedStorageException, CharacterCodingException {
    String name = text(source);
    TableSpec.Kind kind = kind(source.getInt());
    int columns = source.getInt();
    if (columns < 0 || columns > source.remaining() / Integer.BYTES) {
      throw damaged("a table has %d key columns".formatted(columns));
    }
    List<String> keyColumns = new ArrayList<>(columns);
    for (int i = 0; i < columns; i++) {
      keyColumns.add(text(source));
    }
    return new TableSpec(name, SchemaMessage.read(part(source)), kind, keyColumns);
  }

  private static int code(TableSpec.Kind kind) {
    return switch (kind) {
      case ROWS -> 0;
      case BATCHES -> 1;
    };
  }

  private static TableSpec.Kind kind(int code) throws DamagedStorageException {
    return switch (code) {
      case 0 -> TableSpec.Kind.ROWS;
      case 1 -> TableSpec.Kind.BATCHES;
      default -> throw damaged("a table has kind " + code);
    };
  }

  private static String text(ByteBuffer source)
      throws DamagedStorageException, CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(part(source)).toString();
  }

  private static ByteBuffer part(ByteBuffer source) throws DamagedStorageException {
    int length = source.getInt();
    if (length < 0 || length > source.remaining()) {
      throw damaged("a field of %d bytes in %d".formatted(length, source.remaining()));
    }
    ByteBuffer part = source.slice(source.position(), length);
    source.position(source.position() + length);
    return part;
  }

  private static DamagedStorageException damaged(String what) {
    return new DamagedStorageException("an encoded transaction cannot be read: " + what);
  }

  /** Writes fields one after another. */
  private static final class Fields extends ByteArrayOutputStream implements WritableByteChannel {
    @Override
    public int write(ByteBuffer source) {
      int size = source.remaining();
      byte[] bytes = new byte[size];
      source.get(bytes);
      writeBytes(bytes);
      return size;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    private Fields kind(byte kind, int tableId) {
      write(kind);
      return number(tableId);
    }

    private Fields number(int value) {
      writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
      return this;
    }

    private Fields bytes(byte[] value) {
      number(value.length).writeBytes(value);
      return this;
    }

    private Fields text(String value) {
      return bytes(value.getBytes(StandardCharsets.UTF_8));
    }
  }
}
