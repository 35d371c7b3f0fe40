package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.spi.Mutation;
import io.khonsu.testkit.LeakChecking;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Requests that no client of ours makes: every replica answers them alike, shortly, and goes on.
 */
@ExtendWith(LeakChecking.class)
class HostileRequestTest {
  private static final int ANSWER_BYTES_MAX = 1_024;
  private static final long SMALL_STACK_BYTES = 256 << 10;
  private static final int LARGE = 4 << 20;

  /** A replica, and the version of its last commit. */
  private static final class Replica implements AutoCloseable {
    private final ReplicatedStore store;
    private long version = 1_000_000;

    private Replica(StoreConfig config, BufferAllocator allocator) {
      store = ReplicatedStore.create(config, new NoOrder(), allocator, InstantSource.system());
    }

    private byte[] apply(byte[] request) {
      version += 10;
      return store.apply(version, 1, request).answer();
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private static EncodedRequest request(
      long snapshot, List<EncodedRequest.Range> ranges, Mutation... writes) {
    return new EncodedRequest(
        IsolationLevel.SERIALIZABLE,
        snapshot,
        List.of(),
        List.of(),
        ranges,
        Map.of(ConflictStrategy.FAIL, EncodedRequest.changes(List.of(writes))),
        List.of());
  }

  private static Mutation table(String name, Field... columns) {
    return new Mutation.CreateTable(
        Integer.MAX_VALUE,
        new TableSpec(
            name,
            new Schema(List.of(columns)),
            TableSpec.Kind.ROWS,
            List.of(columns[0].getName())));
  }

  private static Field nested(int levels) {
    Field field = Field.nullable("leaf", new ArrowType.Int(64, true));
    for (int i = 0; i < levels; i++) {
      field = new Field("list", FieldType.nullable(ArrowType.List.INSTANCE), List.of(field));
    }
    return field;
  }

  /** {@return the answer on a thread with a small stack, that is interrupted} */
  private static byte[] elsewhere(Replica replica, byte[] request) {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    new Thread(
            null,
            () -> {
              Thread.currentThread().interrupt();
              try {
                answer.complete(replica.apply(request));
              } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
              }
            },
            "small",
            SMALL_STACK_BYTES)
        .start();
    return answer.join();
  }

  @Test
  void requests_areRefusedAlikeAndShortly_onEveryReplica(BufferAllocator allocator) {
    Locale usual = Locale.getDefault();
    try (Replica one = new Replica(StoreConfig.defaults(), allocator);
        Replica other = new Replica(StoreConfig.defaults(), allocator)) {
      List<Replica> both = List.of(one, other);
      byte[] creation = one.store.request(TableSpec.rows("items", Items.ROW).primaryKey("id"));
      both.forEach(replica -> replica.apply(creation));
      int id = one.store.store().table("items").orElseThrow().id();
      long snapshot = one.store.newestVersion();
      byte[] others = one.store.request(TableSpec.batches("others", Items.NUMBERS));
      both.forEach(replica -> replica.apply(others));
      byte[] batch = batch(one, allocator);
      both.forEach(replica -> replica.apply(batch));

      for (byte[] hostile : hostile(id, snapshot)) {
        Locale.setDefault(usual);
        byte[] answer = one.apply(hostile);
        Locale.setDefault(Locale.forLanguageTag("ar-u-nu-arab"));
        assertThat(elsewhere(other, hostile)).isEqualTo(answer);
        assertThat(answer.length).isLessThan(ANSWER_BYTES_MAX);
        assertThat(CommitAnswer.decode(answer))
            .isInstanceOfSatisfying(
                CommitAnswer.Refused.class,
                refused -> assertThat(refused.reason()).isEqualTo(CommitAnswer.Reason.MALFORMED));
      }
      byte[] more = one.store.request(TableSpec.rows("more", Items.ROW).primaryKey("id"));
      assertThat(one.apply(more)).isEqualTo(other.apply(more));
      assertThat(one.store.store().tables()).hasSize(3);
    } finally {
      Locale.setDefault(usual);
    }
  }

  private static byte[] batch(Replica replica, BufferAllocator allocator) {
    try (Transaction tx = replica.store.store().begin()) {
      Items.write(
          tx, replica.store.store().table("others").orElseThrow(), "batch", allocator, 1, 2, 3);
      return replica.store.request(tx);
    }
  }

  private static List<byte[]> hostile(int tableId, long snapshot) {
    Mutation absent = new Mutation.Delete(tableId, ByteBuffer.wrap(new byte[] {7}));
    Field id = Field.notNullable("id", new ArrowType.Int(64, true));
    String longName = "x".repeat(LARGE);
    List<EncodedRequest> requests = new ArrayList<>();
    requests.add(request(snapshot, List.of(), new Mutation.Delete(tableId, large())));
    requests.add(request(snapshot, List.of(range(key(LARGE), null, null)), absent));
    requests.add(
        request(snapshot, List.of(range(key(1), Key.of(Table.prefixOf(99)), filter())), absent));
    requests.add(request(snapshot, List.of(range(prefix(tableId), null, filter())), absent));
    requests.add(request(snapshot, List.of(), table("long", id, bad(longName))));
    requests.add(request(snapshot, List.of(), table("twice", id, id)));
    requests.add(request(snapshot, List.of(), table("nested", id, nested(40))));
    requests.add(request(snapshot, List.of(), table("deep", id, nested(400))));
    requests.add(request(snapshot + (1L << 40), List.of(), absent));
    List<byte[]> encoded = new ArrayList<>(requests.stream().map(EncodedRequest::encode).toList());
    encoded.add(new byte[] {9, 9});
    encoded.add(new byte[0]);
    return encoded;
  }

  private static Field bad(String name) {
    return Field.nullable(name, new ArrowType.Int(7, true));
  }

  private static ByteBuffer large() {
    return ByteBuffer.wrap(new byte[LARGE]);
  }

  private static Key prefix(int tableId) {
    return Key.of(Table.prefixOf(tableId));
  }

  private static Key key(int sizeBytes) {
    byte[] bytes = new byte[Table.PREFIX_BYTES + sizeBytes];
    bytes[Table.PREFIX_BYTES - 1] = 1;
    return Key.of(bytes);
  }

  private static RowFilter filter() {
    return RowFilter.column("value").eq(7L);
  }

  private static EncodedRequest.Range range(
      Key from, @Nullable Key to, @Nullable RowFilter filter) {
    return new EncodedRequest.Range(new KeyInterval(from, to), filter);
  }

  @Test
  void requestThatThereIsNoMemoryFor_stopsTheReplica_withWhatToDo(BufferAllocator allocator) {
    StoreConfig large = StoreConfig.defaults();
    StoreConfig small = StoreConfig.builder().memoryLimitBytes(1 << 20).build();
    try (Replica one = new Replica(large, allocator);
        Replica full = new Replica(small, allocator)) {
      byte[] creation = one.store.request(TableSpec.rows("items", Items.ROW).primaryKey("id"));
      List.of(one, full).forEach(replica -> replica.apply(creation));
      byte[] request;
      try (Transaction tx = one.store.store().begin()) {
        Table table = one.store.store().table("items").orElseThrow();
        for (int i = 0; i < 50_000; i++) {
          tx.upsert(table, table.row("item " + i, (long) i));
        }
        request = one.store.request(tx);
      }
      assertThat(full.store.memoryNeedBytes(request)).isGreaterThan(1 << 20);
      assertThat(full.store.memoryShortage(request, 0))
          .contains("memory is used up", "memoryLimitBytes", "delete");
      assertThat(one.store.memoryShortage(request, 0)).isNull();
      assertThatThrownBy(() -> full.apply(request))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("store.memoryLimitBytes");
      assertThat(full.store.store().tables()).hasSize(1);
    }
  }

  @Test
  void deletionsAndFewRows_needNoMemory_butAppendsDo(BufferAllocator allocator) {
    try (Replica replica = new Replica(StoreConfig.defaults(), allocator)) {
      Khonsu db = replica.store.store();
      replica.apply(replica.store.request(TableSpec.batches("batches", Items.NUMBERS)));
      Table table = db.table("batches").orElseThrow();
      long[] many = new long[10_000];
      byte[] appended;
      try (Transaction tx = db.begin()) {
        Items.write(tx, table, "batch", allocator, many);
        byte[] request = replica.store.request(tx);
        assertThat(replica.store.memoryNeedBytes(request)).isGreaterThan(80_000);
        replica.apply(request);
      }
      try (Transaction tx =
          db.begin(TransactionOptions.snapshot().onConflict(ConflictStrategy.APPEND))) {
        Items.write(tx, table, "batch", allocator, 1);
        appended = replica.store.request(tx);
      }
      assertThat(appended.length).isLessThan(4_096);
      assertThat(replica.store.memoryNeedBytes(appended)).isGreaterThan(80_000);
      try (Transaction tx = db.begin()) {
        tx.delete(table, "batch");
        assertThat(replica.store.memoryNeedBytes(replica.store.request(tx))).isZero();
      }
    }
  }
}
