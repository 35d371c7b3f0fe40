package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.testkit.LeakChecking;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Commits of which somebody has changed bytes and then put the checksums right, handed in at the
 * door: each is decided, whatever is in it; the node goes on, and starts again with what it has.
 */
@ExtendWith(LeakChecking.class)
@Timeout(300)
class ForgedCommitsTest {
  private static final int FORGERIES = 1_500;

  /** Where a question says of which kind it is. */
  private static final int KIND_AT = 9;

  private static final int COMMIT = 6;

  /** How an encoded transaction begins, and where its checksum and its first change are. */
  private static final int MAGIC = 0x4B540100;

  private static final int LENGTH_AT = 4;
  private static final int CHECKSUM_AT = 8;
  private static final int CHANGES_AT = 32;
  private static final int PUT_ROWS = 3;
  private static final int CREATE_TABLE = 1;

  private static final int[] EXTREMES = {
    Integer.MAX_VALUE, Integer.MIN_VALUE, -1, 0, 1, 0x7fffff00, 1 << 20
  };

  private static final Schema WIDE =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("value", new ArrowType.Int(64, true)),
              new Field(
                  "names",
                  FieldType.nullable(ArrowType.List.INSTANCE),
                  List.of(Field.nullable("element", ArrowType.Utf8.INSTANCE))),
              Field.nullable("flag", ArrowType.Bool.INSTANCE)));

  private final long seed = ThreadLocalRandom.current().nextLong();
  private final Random random = new Random(seed);
  private final List<byte[]> requests = new CopyOnWriteArrayList<>();
  private ClientCluster cluster;
  private ClientDoor door;
  private final List<String> refusals = new ArrayList<>();
  private long committed;
  private long session;
  private long number;

  @BeforeEach
  void open(BufferAllocator allocator) throws Exception {
    System.out.println("seed " + seed);
    cluster = new ClientCluster(1, allocator);
    Table wide =
        cluster.member(1).store().createTable(TableSpec.rows("wide", WIDE).primaryKey("id"));
    assertThat(wide.isDropped()).isFalse();
    cluster.guard(asked ->
        question -> {
          if (question[KIND_AT] == COMMIT) {
            requests.add(
                ((RemoteQuestion.Commit) RemoteQuestion.decode(question).question()).request());
          }
          return asked.apply(question);
        });
    try (Store client = Khonsu.connect(cluster.address(), StoreConfig.defaults(), allocator)) {
      record(client, allocator);
    }
    door = cluster.member(1).clientDoor();
    session = ((RemoteAnswer.Opened) ask(new RemoteQuestion.OpenSession())).session();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  /** Makes commits of all kinds, of which the requests are noted on their way. */
  private void record(Store client, BufferAllocator allocator) {
    Table wide = client.table("wide").orElseThrow();
    Table batches = Items.batches(client, "batches");
    client.run(tx -> {
      for (int i = 0; i < 20; i++) {
        tx.upsert(
            wide, wide.row("row" + i, (long) i, List.of("some", "names", "" + i), i % 2 == 0));
      }
    });
    client.run(tx -> {
      var _ = tx.scan(wide, KeyRange.prefix("row1"));
      var _ = tx.get(wide, "row3");
      tx.delete(wide, "row2");
    });
    client.run(tx -> Items.write(tx, batches, "numbers", allocator, 1, 2, 3));
    client.run(
        TransactionOptions.snapshot().onConflict(ConflictStrategy.APPEND),
        tx -> Items.write(tx, batches, "numbers", allocator, 4, 5));
    var _ = client.createTable(TableSpec.rows("another", WIDE).primaryKey("id"));
  }

  private RemoteAnswer ask(RemoteQuestion question) {
    return RemoteAnswer.decode(door.answer(question.encode(0))).answer();
  }

  /** Hands in a request, which must be decided, one way or another. */
  private void commit(byte[] request) {
    number++;
    RemoteAnswer answer = ask(new RemoteQuestion.Commit(session, number, number, request));
    if (!(answer instanceof RemoteAnswer.Decided(byte[] decided, boolean _))) {
      Throwable failure = cluster.member(1).manager().failure();
      fail("seed %d, commit %d: %s, %s".formatted(seed, number, answer, failure), failure);
      return;
    }
    switch (CommitAnswer.decode(decided)) {
      case CommitAnswer.Refused(CommitAnswer.Reason _, String message) -> refusals.add(message);
      case CommitAnswer.Committed _ -> committed++;
      case CommitAnswer _ -> {} // it conflicts, is too old or too large
    }
  }

  /** What was forged got past the checksums, or nothing was tried. */
  private void checksumsWereRight() {
    assertThat(refusals).noneMatch(message -> message.contains("checksum"));
  }

  private static int find(byte[] bytes, int word) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    for (int at = 0; at + Integer.BYTES <= bytes.length; at++) {
      if (in.getInt(at) == word) {
        return at;
      }
    }
    return -1;
  }

  /** Changes a byte or a number of four bytes, within a part. */
  private void damage(byte[] bytes, int from, int to) {
    int at = random.nextInt(from, to);
    ByteBuffer target = ByteBuffer.wrap(bytes);
    if (to - at < Integer.BYTES || random.nextBoolean()) {
      bytes[at] = (byte) random.nextInt();
    } else {
      target.order(random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
      target.putInt(at, EXTREMES[random.nextInt(EXTREMES.length)]);
    }
  }

  private static int checksum(byte[] bytes, int from, int to, int without) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, Math.min(to, without) - from);
    if (without < to) {
      crc.update(bytes, without + Integer.BYTES, to - without - Integer.BYTES);
    }
    return (int) crc.getValue();
  }

  /** Puts the checksum right of the transaction that begins somewhere. */
  private static void sign(byte[] bytes, int at) {
    ByteBuffer target = ByteBuffer.wrap(bytes);
    int end = at + target.getInt(at + LENGTH_AT);
    target.putInt(at + CHECKSUM_AT, checksum(bytes, at, end, at + CHECKSUM_AT));
  }

  /** {@return those of the requests whose first change is of a kind} */
  private List<byte[]> withFirst(int kind) {
    List<byte[]> found = new ArrayList<>();
    for (byte[] request : requests) {
      int at = find(request, MAGIC);
      if (at >= 0 && request[at + CHANGES_AT] == kind) {
        found.add(request);
      }
    }
    assertThat(found).isNotEmpty();
    return found;
  }

  private SortedMap<String, List<Row>> state() {
    Khonsu store = cluster.member(1).store();
    SortedMap<String, List<Row>> all = new TreeMap<>();
    try (Snapshot snapshot = store.snapshot()) {
      for (Table table : store.tables()) {
        if (table.isRowTable()) {
          all.put(table.name(), snapshot.scan(table).rows());
        }
      }
    }
    return all;
  }

  /** It goes on, what is there can be read, and is there again after a start. */
  private void goesOn() throws Exception {
    Khonsu store = cluster.member(1).store();
    assertThat(cluster.member(1).manager().failure()).isNull();
    Table later = Items.rows(store, "later");
    var _ = Items.put(store, later, "a", 1);
    SortedMap<String, List<Row>> before = state();
    assertThat(before.toString()).contains("later");
    cluster.stop(1);
    cluster.restart(1);
    assertThat(state()).isEqualTo(before);
  }

  @Test
  void bytesAnywhere_areDecided() throws Exception {
    for (int i = 0; i < FORGERIES; i++) {
      byte[] forged = requests.get(random.nextInt(requests.size())).clone();
      int at = find(forged, MAGIC);
      damage(forged, 0, forged.length);
      boolean isWhole = at >= 0 && at == find(forged, MAGIC);
      int length = isWhole ? ByteBuffer.wrap(forged).getInt(at + LENGTH_AT) : -1;
      if (isWhole && length > CHANGES_AT && length <= forged.length - at) {
        sign(forged, at);
      }
      commit(forged);
    }
    goesOn();
  }

  @Test
  void framesOfRows_areDecided() throws Exception {
    List<byte[]> puts = withFirst(PUT_ROWS);
    for (int i = 0; i < FORGERIES; i++) {
      byte[] forged = puts.get(random.nextInt(puts.size())).clone();
      int at = find(forged, MAGIC);
      int frameAt = at + CHANGES_AT + 1 + 2 * Integer.BYTES;
      int length = ByteBuffer.wrap(forged).getInt(frameAt - Integer.BYTES);
      int checksumAt = frameAt + length - Integer.BYTES;
      damage(forged, frameAt, checksumAt);
      ByteBuffer.wrap(forged)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(checksumAt, checksum(forged, frameAt, checksumAt, checksumAt));
      sign(forged, at);
      commit(forged);
    }
    assertThat(committed).as("values may be changed").isPositive();
    assertThat(refusals).as("the rest may not").isNotEmpty();
    checksumsWereRight();
    goesOn();
  }

  @Test
  void prefixesOfSchemas_areDecided() throws Exception {
    for (byte[] made : withFirst(CREATE_TABLE)) {
      int at = find(made, MAGIC);
      int prefixAt = find(made, -1); // what Arrow begins a message with, then its length
      assertThat(prefixAt).isGreaterThan(at);
      for (int word = -1; word <= 2; word++) {
        for (int extreme : EXTREMES) {
          for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
            byte[] forged = made.clone();
            ByteBuffer.wrap(forged).order(order).putInt(prefixAt + word * Integer.BYTES, extreme);
            sign(forged, at);
            commit(forged);
          }
        }
      }
    }
    assertThat(refusals).isNotEmpty();
    checksumsWereRight();
    goesOn();
  }
}
