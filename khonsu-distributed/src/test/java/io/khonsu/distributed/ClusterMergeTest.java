package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.LimitExceededException;
import io.khonsu.Merges;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.TransactionConflictException;
import io.khonsu.TransactionOptions;
import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.ConflictStrategy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** What a cluster merges when it applies a commit, and what it refuses. */
class ClusterMergeTest {
  private static final ArrowType INT64 = new ArrowType.Int(64, true);
  private static final Schema NUMBERS = new Schema(List.of(Field.nullable("number", INT64)));
  private static final Schema COUNTERS =
      new Schema(List.of(Field.notNullable("id", INT64), Field.notNullable("value", INT64)));

  private static Table log(Khonsu store) {
    return store.table("log").orElseThrow();
  }

  private static void append(Transaction tx, Table table, String name, long... numbers) {
    try (BufferAllocator allocator = new RootAllocator();
        BigIntVector vector = new BigIntVector("number", allocator)) {
      vector.allocateNew(numbers.length);
      for (int i = 0; i < numbers.length; i++) {
        vector.set(i, numbers[i]);
      }
      vector.setValueCount(numbers.length);
      tx.write(table, name, new VectorSchemaRoot(NUMBERS, List.of(vector), numbers.length));
    }
  }

  private static Transaction appending(Khonsu store) {
    return store.begin(TransactionOptions.serializable().onConflict(ConflictStrategy.APPEND));
  }

  private static List<Long> numbers(Khonsu store, String name) {
    try (Snapshot snapshot = store.snapshot()) {
      return snapshot
          .read(log(store), name)
          .map(batch -> {
            BigIntVector vector = (BigIntVector) batch.vector("number");
            return LongStream.range(0, batch.rowCount()).map(i -> vector.get((int) i)).boxed();
          })
          .orElseThrow()
          .toList();
    }
  }

  private static void current(Khonsu store) {
    try (Snapshot snapshot = store.snapshot()) {
      assertThat(snapshot.version()).isPositive();
    }
  }

  @Test
  void appends_fromAllNodesAtOnce_allCount_inOneOrder() throws Exception {
    int each = 10;
    try (Nodes nodes = new Nodes(3);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      nodes.member(1).store().createTable(TableSpec.batches("log", NUMBERS));
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < 6; thread++) {
        int number = thread;
        done.add(
            threads.submit(() -> appendEach(nodes.member(number % 3 + 1).store(), number, each)));
      }
      for (Future<?> one : done) {
        one.get();
      }
      List<Long> all = numbers(nodes.member(1).store(), "all");
      assertThat(all).hasSize(6 * each).doesNotHaveDuplicates();
      for (long number = 0; number < 6; number++) {
        long from = number * 1_000;
        assertThat(all.stream().filter(n -> n >= from && n < from + 1_000)).isSorted();
      }
      nodes.stop(3);
      nodes.start(3, NodePresence.EXISTING);
      assertThat(numbers(nodes.member(2).store(), "all")).isEqualTo(all);
      assertThat(numbers(nodes.member(3).store(), "all")).isEqualTo(all);
    }
  }

  private static void appendEach(Khonsu store, int number, int each) {
    current(store);
    for (int i = 0; i < each; i++) {
      try (Transaction tx = appending(store)) {
        append(tx, log(store), "all", number * 1_000L + i);
        tx.commit();
      }
    }
  }

  @Test
  void append_toWhatWasRead_isAConflict_toWhatWasReplaced_isNone() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      Khonsu one = nodes.member(1).store();
      one.createTable(TableSpec.batches("log", NUMBERS));
      Khonsu two = nodes.member(2).store();
      current(two);
      try (Transaction tx = appending(two)) {
        assertThat(tx.read(log(two), "a")).isEmpty();
        append(tx, log(two), "a", 1);
        appendAlone(one, "a", 2);
        assertThatThrownBy(tx::commit).isInstanceOf(TransactionConflictException.class);
      }
      try (Transaction tx = appending(two)) {
        tx.delete(log(two), "a");
        append(tx, log(two), "a", 3);
        appendAlone(one, "a", 4);
        tx.commit();
      }
      assertThat(numbers(one, "a")).containsExactly(3L);
      assertThat(numbers(two, "a")).containsExactly(3L);
    }
  }

  private static void appendAlone(Khonsu store, String name, long... numbers) {
    try (Transaction tx = appending(store)) {
      append(tx, log(store), name, numbers);
      tx.commit();
    }
  }

  @Test
  void append_ofTooMuch_isRefused_andTheNodesGoOnAlike() throws Exception {
    StoreConfig small = StoreConfig.builder().transactionSizeMaxBytes(32 << 10).build();
    try (Nodes nodes = new Nodes(3, small)) {
      Khonsu one = nodes.member(1).store();
      one.createTable(TableSpec.batches("log", NUMBERS));
      long[] much = LongStream.range(0, 2_500).toArray();
      appendAlone(one, "a", much);
      assertThatThrownBy(() -> appendAlone(one, "a", much))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("transactionSizeMaxBytes");
      appendAlone(one, "a", 7);
      for (long node = 1; node <= 3; node++) {
        assertThat(numbers(nodes.member(node).store(), "a")).hasSize(2_501).endsWith(7L);
      }
    }
  }

  @Test
  void mergeIntoARow_isRefused_andTheTransactionGoesOn() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      Khonsu store = nodes.member(1).store();
      Table table = store.createTable(TableSpec.rows("counters", COUNTERS).primaryKey("id"));
      try (Transaction tx = store.begin()) {
        assertThatThrownBy(() -> tx.merge(table, Merges.add("value", 1), 1L))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessageContaining("several nodes")
            .hasMessageContaining("read the row and put it");
        tx.upsert(table, table.row(5L, 6L));
        tx.commit();
      }
      try (Snapshot snapshot = store.snapshot()) {
        assertThat(snapshot.get(table, 1L)).isEmpty();
        assertThat(snapshot.get(table, 5L)).isPresent();
      }
    }
  }

  @Test
  void certificationBySsn_isRefused() {
    StoreConfig ssn = StoreConfig.builder().certification(Certification.SSN).build();
    assertThatThrownBy(() -> new Nodes(1, ssn).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("OCC")
        .hasMessageContaining("SSN");
  }
}
