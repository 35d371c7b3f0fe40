package io.khonsu.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.flatbuffers.FlatBufferBuilder;
import io.khonsu.TableSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.Struct_;
import org.apache.arrow.flatbuf.Type;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** Encoded transactions: what they look like, and what is refused. */
class TransactionCodecTest {
  private static final int CHECKSUM_AT = 8;
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("value", new ArrowType.Int(64, true))));

  @Test
  void everyKind_comesBack_andKeepsItsBytes() throws IOException {
    CommittedTransaction transaction = everyKind();
    byte[] bytes = TransactionCodec.encode(transaction);
    CommittedTransaction decoded = TransactionCodec.decode(bytes);
    assertThat(decoded).isEqualTo(transaction);
    assertThat(decoded.record().bytes()).isSameAs(bytes);
    assertThat(transaction.record()).isEqualTo(decoded.record());
    assertThat(transaction.record()).isSameAs(transaction.record());
  }

  @Test
  void transaction_insideALargerArray_isReadFromThere_andCopiedOut() throws IOException {
    byte[] bytes = TransactionCodec.encode(everyKind());
    byte[] larger = new byte[bytes.length + 20];
    System.arraycopy(bytes, 0, larger, 7, bytes.length);
    ByteBuffer inside = ByteBuffer.wrap(larger, 7, bytes.length).asReadOnlyBuffer();
    CommittedTransaction decoded = TransactionCodec.decode(inside);
    assertThat(decoded).isEqualTo(everyKind());
    assertThat(decoded.record().bytes()).isEqualTo(bytes);
    assertThat(inside.position()).isEqualTo(7);
    for (int size = 0; size < bytes.length; size++) {
      ByteBuffer cut = ByteBuffer.wrap(larger, 7, size);
      assertThatThrownBy(() -> TransactionCodec.decode(cut)).isInstanceOf(IOException.class);
    }
  }

  /** An interruption is for who waits; and the schema is what Arrow itself writes. */
  @Test
  void encoding_inAThreadThatIsInterrupted_isTheSame() {
    byte[] bytes = TransactionCodec.encode(everyKind());
    Thread.currentThread().interrupt();
    byte[] again = TransactionCodec.encode(everyKind());
    assertThat(Thread.interrupted()).isTrue();
    assertThat(again).isEqualTo(bytes);
    String schema = HexFormat.of().formatHex(SCHEMA.serializeAsMessage());
    assertThat(HexFormat.of().formatHex(bytes)).contains(schema);
  }

  /** Format 1 as it is on disks: this never changes; a new format gets a test of its own. */
  @Test
  void golden_format1() throws IOException {
    CommittedTransaction transaction =
        new CommittedTransaction(
            0x0102030405060708L,
            7,
            List.of(
                new Mutation.PutRows(1, wrap(0xCA, 0xFE)),
                new Mutation.PutBatch(2, "n\u00e4", wrap(0xBE)),
                new Mutation.Delete(1, wrap(0x4B)),
                new Mutation.DropTable(3)));
    String golden =
        "4b540100"
            + "0000004b"
            + "0368bd9d"
            + "0102030405060708"
            + "0000000000000007"
            + "00000004"
            + "0300000001"
            + "00000002cafe"
            + "0400000002"
            + "000000036ec3a4"
            + "00000001be"
            + "0500000001"
            + "000000014b"
            + "0200000003";
    byte[] bytes = TransactionCodec.encode(transaction);
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(golden);
    assertThat(TransactionCodec.decode(HexFormat.of().parseHex(golden))).isEqualTo(transaction);
  }

  @Test
  void version_unknown_isRefusedByName() {
    byte[] bytes = TransactionCodec.encode(everyKind());
    bytes[2] = 9;
    assertThatThrownBy(() -> TransactionCodec.decode(sealed(bytes)))
        .isInstanceOfSatisfying(
            StorageRefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(StorageRefusedException.Reason.UNKNOWN_FORMAT))
        .hasMessageContaining("version 9")
        .hasMessageContaining("version 1");
  }

  @Test
  void byte_changed_orCutOff_isDamage() {
    byte[] bytes = TransactionCodec.encode(everyKind());
    for (int i = 0; i < bytes.length; i++) {
      byte[] changed = bytes.clone();
      changed[i] ^= 0x10;
      assertRefused(changed);
      assertRefused(Arrays.copyOf(bytes, i));
    }
    assertRefused(Arrays.copyOf(bytes, bytes.length + 1));
  }

  @Test
  void hostileBytes_withTheirChecksum_neverDoMoreThanThrow() {
    byte[] bytes = TransactionCodec.encode(everyKind());
    Random random = new Random(11);
    int read = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] hostile = bytes.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        hostile[12 + random.nextInt(hostile.length - 12)] = (byte) random.nextInt();
      }
      try {
        assertThat(TransactionCodec.decode(sealed(hostile)).mutations()).isNotEmpty();
        read++;
      } catch (IOException e) {
        assertThat(e).isInstanceOf(DamagedStorageException.class);
      }
    }
    assertThat(read).isBetween(1, 19_999);
  }

  /** Arrow would read a field of a field of a field, as deep as the thread's stack is. */
  @Test
  void schema_thatIsDeeperThanAnyTable_isDamage() {
    Field field = Field.nullable("leaf", new ArrowType.Int(64, true));
    for (int i = 0; i < 64; i++) {
      field = new Field("list", FieldType.nullable(ArrowType.List.INSTANCE), List.of(field));
    }
    Schema schema = new Schema(List.of(Field.notNullable("id", ArrowType.Utf8.INSTANCE), field));
    byte[] bytes =
        TransactionCodec.encode(
            new CommittedTransaction(
                1, 1, List.of(new Mutation.CreateTable(1, TableSpec.batches("deep", schema)))));
    assertThatThrownBy(() -> TransactionCodec.decode(bytes))
        .isInstanceOf(DamagedStorageException.class)
        .hasRootCauseMessage("fields are nested deeper than 64");
  }

  /** Twice the same child, in each of 40 fields within each other: a trillion fields. */
  @Test
  void schema_whoseFieldsShareChildren_isDamage() {
    FlatBufferBuilder builder = new FlatBufferBuilder();
    int name = builder.createString("struct");
    int type = type(builder);
    int field = field(builder, name, type, new int[0]);
    for (int i = 0; i < 40; i++) {
      field = field(builder, name, type, new int[] {field, field});
    }
    ByteBuffer message = message(builder, field);
    assertThatThrownBy(() -> SchemaMessage.read(message))
        .isInstanceOf(DamagedStorageException.class)
        .hasRootCauseMessage("a schema stands for more than its bytes");
  }

  @Test
  void message_thatIsNoSchema_isDamage() {
    FlatBufferBuilder builder = new FlatBufferBuilder();
    int batch = org.apache.arrow.flatbuf.RecordBatch.createRecordBatch(builder, 0, 0, 0, 0, 0);
    builder.finish(
        Message.createMessage(builder, (short) 4, MessageHeader.RecordBatch, batch, 0, 0));
    assertThatThrownBy(() -> SchemaMessage.read(framed(builder)))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("none of a schema");
  }

  private static int type(FlatBufferBuilder builder) {
    Struct_.startStruct_(builder);
    return Struct_.endStruct_(builder);
  }

  private static int field(FlatBufferBuilder builder, int name, int type, int[] children) {
    int vector = org.apache.arrow.flatbuf.Field.createChildrenVector(builder, children);
    return org.apache.arrow.flatbuf.Field.createField(
        builder, name, true, Type.Struct_, type, 0, vector, 0);
  }

  private static ByteBuffer message(FlatBufferBuilder builder, int field) {
    int fields =
        org.apache.arrow.flatbuf.Schema.createFieldsVector(builder, new int[] {field, field});
    int schema = org.apache.arrow.flatbuf.Schema.createSchema(builder, (short) 0, fields, 0, 0);
    builder.finish(Message.createMessage(builder, (short) 4, MessageHeader.Schema, schema, 0, 0));
    return framed(builder);
  }

  private static ByteBuffer framed(FlatBufferBuilder builder) {
    byte[] body = builder.sizedByteArray();
    return ByteBuffer.allocate(8 + body.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(-1)
        .putInt(body.length)
        .put(body)
        .flip();
  }

  @Test
  void decoding_inAThreadThatIsInterrupted_isTheSame() throws IOException {
    byte[] bytes = TransactionCodec.encode(everyKind());
    Thread.currentThread().interrupt();
    CommittedTransaction decoded = TransactionCodec.decode(bytes);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(decoded).isEqualTo(everyKind());
  }

  private static void assertRefused(byte[] bytes) {
    assertThatThrownBy(() -> TransactionCodec.decode(bytes)).isInstanceOf(IOException.class);
  }

  private static byte[] sealed(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, CHECKSUM_AT);
    crc.update(bytes, CHECKSUM_AT + 4, bytes.length - CHECKSUM_AT - 4);
    ByteBuffer.wrap(bytes).putInt(CHECKSUM_AT, (int) crc.getValue());
    return bytes;
  }

  private static CommittedTransaction everyKind() {
    return new CommittedTransaction(
        42,
        17,
        List.of(
            new Mutation.CreateTable(1, TableSpec.rows("rows", SCHEMA).primaryKey("id")),
            new Mutation.CreateTable(2, TableSpec.batches("b\u00e4tches", SCHEMA).rowKey("id")),
            new Mutation.PutRows(1, wrap(1, 2, 3)),
            new Mutation.PutBatch(2, "n\u00e4me \uD83D\uDE00", wrap()),
            new Mutation.Delete(1, wrap(7)),
            new Mutation.DropTable(3)));
  }

  private static ByteBuffer wrap(int... bytes) {
    byte[] array = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      array[i] = (byte) bytes[i];
    }
    return ByteBuffer.wrap(array);
  }
}
