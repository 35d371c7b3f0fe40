package io.khonsu;

import static io.khonsu.RowFilter.column;
import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.TransactionCodec;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests that nobody has made of a transaction: whatever they say, replicas decide them alike,
 * and go on.
 */
class RequestFuzzTest {
  private static final List<IsolationLevel> LEVELS = List.of(IsolationLevel.values());
  private static final TableSpec NUMBERS =
      TableSpec.rows("numbers", Batches.NUMBERS).primaryKey("id");
  private static final TableSpec ACCOUNTS =
      TableSpec.rows("accounts", Batches.ACCOUNTS).primaryKey("id");
  private static final TableSpec BLOBS = TableSpec.batches("blobs", Batches.NUMBERS).rowKey("id");

  private final List<ReplicatedStore> replicas = new ArrayList<>();
  private long version = 1_000_000;

  @BeforeEach
  void open() {
    for (int i = 0; i < 2; i++) {
      StoreConfig config =
          StoreConfig.builder().compactionRowsPerSecond(0).transactionSizeMaxBytes(1 << 20).build();
      replicas.add(ReplicatedStore.create(config, new NoOrder(), null, InstantSource.system()));
    }
    for (TableSpec spec : List.of(NUMBERS, ACCOUNTS, BLOBS)) {
      assertThat(apply(first().request(spec))).isInstanceOf(CommitAnswer.Committed.class);
    }
    for (byte[] request : List.of(numbers(0, 20), accounts(), blob("a", 0), blob("b", 5))) {
      assertThat(apply(request)).isInstanceOf(CommitAnswer.Committed.class);
    }
  }

  @AfterEach
  void close() {
    replicas.forEach(ReplicatedStore::close);
  }

  private ReplicatedStore first() {
    return replicas.getFirst();
  }

  private Khonsu store() {
    return first().store();
  }

  private Table table(String name) {
    return store().table(name).orElseThrow();
  }

  /** {@return the answer, which all replicas give} */
  private CommitAnswer apply(byte[] request) {
    version += 10;
    ReplicatedStore.Applied one = first().apply(version, 1, request.clone());
    ReplicatedStore preparing = replicas.getLast();
    ReplicatedStore.Applied other =
        preparing.apply(
            version, 1, preparing.prepare(List.of(ByteBuffer.wrap(request.clone()))).getFirst());
    assertThat(other.answer()).isEqualTo(one.answer());
    assertThat(bytes(other)).isEqualTo(bytes(one));
    assertThat(replicas.getLast().newestVersion()).isEqualTo(first().newestVersion());
    return CommitAnswer.decode(one.answer());
  }

  private static byte @Nullable [] bytes(ReplicatedStore.Applied applied) {
    CommittedTransaction commit = applied.commit();
    return commit == null ? null : commit.record().bytes();
  }

  private byte[] numbers(long from, long to) {
    try (Transaction tx = store().begin()) {
      for (long id = from; id < to; id++) {
        tx.upsert(table("numbers"), table("numbers").row(id, id * 100));
      }
      return first().request(tx);
    }
  }

  private byte[] accounts() {
    try (Transaction tx = store().begin()) {
      tx.upsert(table("accounts"), table("accounts").row("ada", 5L));
      tx.upsert(table("accounts"), table("accounts").row("bob", null));
      return first().request(tx);
    }
  }

  private byte[] blob(String key, long from) {
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = Batches.numbers(allocator, from, 10);
        Transaction tx =
            store().begin(TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND))) {
      tx.write(table("blobs"), key, batch);
      return first().request(tx);
    }
  }

  /** {@return one that has read a range, of one table and what follows it} */
  private EncodedRequest reading(String name, @Nullable RowFilter filter, @Nullable Key to) {
    List<Mutation> write = List.of(new Mutation.Delete(table(name).id(), ByteBuffer.allocate(9)));
    return new EncodedRequest(
        IsolationLevel.SERIALIZABLE,
        version - 100,
        List.of(),
        List.of(),
        List.of(
            new EncodedRequest.Range(new KeyInterval(table(name).allKeys().from(), to), filter)),
        Map.of(ConflictStrategy.REPLACE, EncodedRequest.changes(write)),
        List.of());
  }

  private void assertMalformed(byte[] request) {
    assertThat(apply(request))
        .isInstanceOfSatisfying(
            CommitAnswer.Refused.class,
            refused -> assertThat(refused.reason()).isEqualTo(CommitAnswer.Reason.MALFORMED));
  }

  @Test
  void filteredRange_thatLeavesItsTable_isRefused() {
    RowFilter filter = column("value").eq(5L);
    Key end = table("numbers").allKeys().to();
    assertMalformed(reading("numbers", filter, null).encode());
    assertMalformed(reading("numbers", filter, table("accounts").allKeys().to()).encode());
    assertMalformed(reading("blobs", filter, table("blobs").allKeys().to()).encode());
    assertThat(apply(reading("numbers", filter, end).encode()))
        .isNotInstanceOf(CommitAnswer.Refused.class);
    assertThat(apply(numbers(3, 4))).isInstanceOf(CommitAnswer.Committed.class);
  }

  /** Each of many conflicts would tell it again. */
  @Test
  void keyThatNoItemCanHave_isRefused() {
    byte[] longKey = Arrays.copyOf(Table.prefixOf(table("numbers").id()), 1 << 20);
    EncodedRequest reads = reading("numbers", null, Key.of(longKey));
    assertMalformed(reads.encode());
  }

  @Test
  void batchesThatTogetherGrowTooLarge_areRefused() {
    List<Mutation> appends = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      byte[] grown = new byte[0];
      for (int round = 0; round < 12; round++) {
        grown = blob("large " + i, 3_000L * round, 3_000);
        assertThat(apply(grown)).isInstanceOf(CommitAnswer.Committed.class);
      }
      appends.addAll(decoded(grown).appends());
    }
    EncodedRequest all =
        new EncodedRequest(
            IsolationLevel.SNAPSHOT,
            first().newestVersion(),
            List.of(),
            List.of(),
            List.of(),
            Map.of(),
            appends);
    assertThat(apply(all.encode())).isInstanceOf(CommitAnswer.OverLimit.class);
    EncodedRequest one = with(all, Map.of(), appends.subList(0, 1));
    assertThat(apply(one.encode())).isInstanceOf(CommitAnswer.Committed.class);
  }

  private byte[] blob(String key, long from, int count) {
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = Batches.numbers(allocator, from, count);
        Transaction tx =
            store().begin(TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND))) {
      tx.write(table("blobs"), key, batch);
      return first().request(tx);
    }
  }

  /** Deeper than any stack that reads it one within the other. */
  @Test
  void tableOfDeepLists_isRefused() throws Exception {
    for (int depth : List.of(40, 400, 4_000)) {
      Field field = Field.nullable("item", Batches.INT64);
      for (int i = 0; i < depth; i++) {
        field = new Field("item", FieldType.nullable(ArrowType.List.INSTANCE), List.of(field));
      }
      TableSpec spec = TableSpec.batches("deep", new Schema(List.of(field)));
      Mutation change = new Mutation.CreateTable(0, spec);
      CompletableFuture<byte[]> request = new CompletableFuture<>();
      Runnable encoding =
          () -> request.complete(EncodedRequest.ofDefinition(version, List.of(), change).encode());
      Thread thread = new Thread(null, encoding, "with-a-large-stack", 512L << 20);
      thread.start();
      thread.join();
      assertMalformed(request.getNow(new byte[0]));
    }
  }

  private static EncodedRequest decoded(byte[] request) {
    try {
      return EncodedRequest.decode(request);
    } catch (EncodedRequest.MalformedException e) {
      throw new AssertionError(e);
    }
  }

  private static EncodedRequest with(
      EncodedRequest request,
      Map<ConflictStrategy, List<Mutation>> writes,
      List<Mutation> appends) {
    return new EncodedRequest(
        request.level(),
        request.snapshotVersion(),
        request.guards(),
        request.items(),
        request.ranges(),
        EncodedRequest.changes(writes),
        appends);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyRequest_isDecidedAlike(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int committed = 0;
    int refused = 0;
    for (int i = 0; i < 600; i++) {
      byte[] request = random(random).encode();
      if (random.nextInt(4) == 0) {
        request[random.nextInt(request.length)] ^= (byte) (1 << random.nextInt(8));
      }
      CommitAnswer answer = apply(request);
      committed += answer instanceof CommitAnswer.Committed ? 1 : 0;
      refused += answer instanceof CommitAnswer.Refused ? 1 : 0;
    }
    assertThat(committed).as("seed %d", seed).isPositive();
    assertThat(refused).as("seed %d", seed).isPositive();
    assertThat(apply(numbers(0, 5))).isInstanceOf(CommitAnswer.Committed.class);
  }

  private EncodedRequest random(SplittableRandom random) {
    EncodedRequest base = decoded(base(random));
    Map<ConflictStrategy, List<Mutation>> writes = new EnumMap<>(ConflictStrategy.class);
    base.writes()
        .forEach((strategy, changes) ->
            writes.put(strategy(random, strategy), changed(random, changes.mutations())));
    return new EncodedRequest(
        LEVELS.get(random.nextInt(LEVELS.size())),
        random.nextInt(10) == 0 ? random.nextLong() : base.snapshotVersion() - random.nextInt(60),
        keys(random),
        keys(random),
        ranges(random),
        EncodedRequest.changes(writes),
        random.nextInt(8) == 0
            ? writes.values().stream().flatMap(List::stream).toList()
            : changed(random, base.appends()));
  }

  private byte[] base(SplittableRandom random) {
    return switch (random.nextInt(6)) {
      case 0 -> accounts();
      case 1, 2 -> blob(random.nextBoolean() ? "a" : "c", random.nextInt(30));
      case 3 ->
          first()
              .request(TableSpec.rows("t" + random.nextInt(3), Batches.NUMBERS).primaryKey("id"));
      case 4 -> {
        Table dropped = store().tables().get(random.nextInt(store().tables().size()));
        boolean isOwn = dropped.name().startsWith("t");
        Mutation change =
            isOwn
                ? new Mutation.DropTable(dropped.id())
                : new Mutation.Delete(dropped.id(), ByteBuffer.wrap(bytes(random)));
        yield EncodedRequest.ofDefinition(version, List.of(dropped.catalogKey()), change).encode();
      }
      default -> numbers(random.nextInt(10), 10 + random.nextInt(10));
    };
  }

  private static ConflictStrategy strategy(SplittableRandom random, ConflictStrategy usual) {
    List<ConflictStrategy> all = EncodedRequest.STRATEGIES;
    return random.nextInt(4) == 0 ? all.get(random.nextInt(all.size())) : usual;
  }

  private static byte[] bytes(SplittableRandom random) {
    byte[] bytes = new byte[random.nextInt(14)];
    random.nextBytes(bytes);
    return bytes;
  }

  private Key key(SplittableRandom random) {
    byte[] body =
        random.nextBoolean() ? bytes(random) : new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, 0, 3};
    int id = random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(6);
    ByteBuffer key = ByteBuffer.allocate(Table.PREFIX_BYTES + body.length).putInt(id).put(body);
    return Key.of(key.array());
  }

  private List<Key> keys(SplittableRandom random) {
    List<Key> keys = new ArrayList<>();
    for (int i = random.nextInt(4); i > 1; i--) {
      keys.add(key(random));
    }
    return keys;
  }

  private List<EncodedRequest.Range> ranges(SplittableRandom random) {
    List<EncodedRequest.Range> ranges = new ArrayList<>();
    for (int i = random.nextInt(4); i > 1; i--) {
      @Nullable Key to =
          switch (random.nextInt(3)) {
            case 0 -> null;
            case 1 -> key(random);
            default -> Key.of(Table.prefixOf(1 + random.nextInt(5)));
          };
      Key from = random.nextBoolean() ? Key.of(Table.prefixOf(random.nextInt(5))) : key(random);
      boolean isReversed = to != null && to.compareTo(from) < 0;
      KeyInterval interval = isReversed ? new KeyInterval(to, from) : new KeyInterval(from, to);
      ranges.add(new EncodedRequest.Range(interval, filter(random)));
    }
    return ranges;
  }

  private static @Nullable RowFilter filter(SplittableRandom random) {
    return switch (random.nextInt(6)) {
      case 0 -> column("value").greaterThan(3L);
      case 1 -> column("balance").isNull().or(column("id").eq("ada"));
      case 2 -> column("nothing").eq("x");
      case 3 -> column("id").mod(3).eq(1L);
      case 4 -> column("value").eq("text");
      default -> null;
    };
  }

  /** {@return mutations that are of another table, or whose frames have other content} */
  private static List<Mutation> changed(SplittableRandom random, List<Mutation> mutations) {
    List<Mutation> changed = new ArrayList<>();
    for (Mutation mutation : mutations) {
      changed.add(random.nextInt(3) == 0 ? changed(random, mutation) : mutation);
      if (random.nextInt(12) == 0) {
        changed.add(mutation);
      }
    }
    return changed;
  }

  private static Mutation changed(SplittableRandom random, Mutation mutation) {
    int id = random.nextInt(3) == 0 ? random.nextInt(6) : mutation.tableId();
    return switch (mutation) {
      case Mutation.PutRows(int _, ByteBuffer frame) ->
          new Mutation.PutRows(id, changed(random, frame));
      case Mutation.PutBatch(int _, String name, ByteBuffer frame) ->
          random.nextInt(8) == 0
              ? new Mutation.PutRows(id, changed(random, frame))
              : new Mutation.PutBatch(id, random.nextBoolean() ? name : "", changed(random, frame));
      case Mutation.Delete _ -> new Mutation.Delete(id, ByteBuffer.wrap(bytes(random)));
      case Mutation.DropTable drop -> drop; // the others are still needed
      case Mutation.CreateTable(int _, TableSpec spec) -> new Mutation.CreateTable(id, spec);
    };
  }

  /** {@return a frame with its checksum, some bytes of which are others} */
  private static ByteBuffer changed(SplittableRandom random, ByteBuffer frame) {
    byte[] bytes = new byte[frame.remaining()];
    frame.duplicate().get(bytes);
    int end = bytes.length - Integer.BYTES;
    for (int i = random.nextInt(4); i > 0 && end > 1; i--) {
      bytes[1 + random.nextInt(end - 1)] = (byte) random.nextInt();
    }
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, end);
    ByteBuffer.wrap(bytes)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(end, (int) checksum.getValue());
    return ByteBuffer.wrap(bytes);
  }

  /** What is in a definition has a checksum of its own, which a hostile client makes as well. */
  @Test
  void anyDefinition_isDecidedAlike() {
    SplittableRandom random = new SplittableRandom(9);
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("id", Batches.INT64),
                Field.nullable("d", new ArrowType.Decimal(10, 2, 128)),
                new Field(
                    "f",
                    FieldType.nullable(new ArrowType.FixedSizeList(3)),
                    List.of(Field.nullable("item", ArrowType.Utf8.INSTANCE)))));
    byte[] whole =
        EncodedRequest.ofDefinition(
                version,
                List.of(),
                new Mutation.CreateTable(0, TableSpec.rows("new", schema).primaryKey("id")))
            .encode();
    int at = indexOf(whole);
    for (int i = 0; i < 3_000; i++) {
      byte[] changed = whole.clone();
      for (int j = random.nextInt(3); j >= 0; j--) {
        changed[at + 12 + random.nextInt(whole.length - at - 16)] = (byte) random.nextInt();
      }
      setChecksum(changed, at);
      CommitAnswer _ = apply(changed);
    }
    assertThat(apply(numbers(0, 5))).isInstanceOf(CommitAnswer.Committed.class);
  }

  /** {@return where the one encoded transaction in a request begins} */
  private static int indexOf(byte[] request) {
    for (int i = 0; i < request.length; i++) {
      if (request[i] == 0x4B && request[i + 1] == 0x54) {
        assertThat(request[i + 2]).isEqualTo((byte) TransactionCodec.FORMAT_VERSION);
        return i;
      }
    }
    throw new AssertionError("there is none");
  }

  private static void setChecksum(byte[] request, int at) {
    int length = ByteBuffer.wrap(request).getInt(at + 4);
    CRC32C checksum = new CRC32C();
    checksum.update(request, at, 8);
    checksum.update(request, at + 12, length - 12);
    ByteBuffer.wrap(request).putInt(at + 8, (int) checksum.getValue());
  }
}
