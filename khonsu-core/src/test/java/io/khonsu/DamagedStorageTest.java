package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.spi.Mutation;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What opening says about a storage that does not hold what was written to it. */
@ExtendWith(LeakChecking.class)
class DamagedStorageTest {
  private static final int LARGE = 2_000;

  private BufferAllocator allocator;
  private List<CommittedTransaction> intact;

  @BeforeEach
  void setUp(BufferAllocator root) throws IOException {
    allocator = root;
    InMemoryStorage storage = new InMemoryStorage();
    try (Khonsu db = open(storage)) {
      Table rows = Items.rows(db, "rows");
      Table batches = Items.batches(db, "batches");
      db.run(tx -> {
        for (int i = 0; i < LARGE; i++) {
          tx.upsert(rows, rows.row("k" + i, (long) i));
        }
        Items.write(tx, batches, "x", allocator, new long[LARGE]);
      });
      db.run(tx -> {
        tx.delete(rows, "k7");
        Items.write(tx, batches, "x", allocator, 1, 2, 3);
      });
    }
    intact = new ArrayList<>();
    storage.replay(intact::add);
  }

  private Khonsu open(InMemoryStorage storage) {
    return Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system());
  }

  private void assertDamaged(List<CommittedTransaction> commits, String... messageParts) {
    ScriptedReplay storage = new ScriptedReplay(commits);
    assertThatThrownBy(
            () -> Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system()))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContainingAll(messageParts)
        .hasNoSuppressedExceptions();
    assertThat(storage.closed).isTrue();
    assertThat(allocator.getAllocatedMemory()).isZero();
    assertThat(allocator.getChildAllocators()).isEmpty();
  }

  /** A storage that replays what it is told. */
  private static final class ScriptedReplay implements io.khonsu.spi.Storage {
    private final List<CommittedTransaction> commits;
    private boolean closed;

    ScriptedReplay(List<CommittedTransaction> commits) {
      this.commits = commits;
    }

    @Override
    public void commit(List<CommittedTransaction> added) throws IOException {
      throw new IOException("read only");
    }

    @Override
    public void replay(Receiver receiver) throws IOException {
      for (CommittedTransaction commit : commits) {
        receiver.accept(commit);
      }
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** {@return the commits, with the last changed} */
  private List<CommittedTransaction> withLast(UnaryOperator<CommittedTransaction> change) {
    List<CommittedTransaction> changed = new ArrayList<>(intact);
    changed.add(change.apply(changed.removeLast()));
    return changed;
  }

  private List<CommittedTransaction> withMore(Mutation... mutations) {
    List<Mutation> added = List.of(mutations);
    return withLast(last -> {
      List<Mutation> all = new ArrayList<>(intact.get(2).mutations());
      all.addAll(added);
      return new CommittedTransaction(last.version(), last.transactionId(), all);
    });
  }

  @Test
  void frames_withAnyByteChanged_areRefused() {
    CommittedTransaction large = intact.get(2);
    for (int i = 0; i < large.mutations().size(); i++) {
      ByteBuffer frame = frameOf(large.mutations().get(i));
      for (int at = 0; at < frame.remaining(); at += 1 + frame.remaining() / 50) {
        byte[] bytes = new byte[frame.remaining()];
        frame.duplicate().get(bytes);
        bytes[at] ^= 0x10;
        List<Mutation> mutations = new ArrayList<>(large.mutations());
        mutations.set(i, withFrame(mutations.get(i), ByteBuffer.wrap(bytes)));
        List<CommittedTransaction> commits = new ArrayList<>(intact);
        commits.set(2, new CommittedTransaction(large.version(), 9, mutations));
        assertDamaged(commits, "commit " + large.version(), "frame");
      }
    }
  }

  @Test
  void frame_cut_isRefused() {
    Mutation first = intact.get(2).mutations().getFirst();
    ByteBuffer frame = frameOf(first);
    assertDamaged(withMore(withFrame(first, frame.slice(0, frame.remaining() - 1))), "checksum");
    assertDamaged(withMore(withFrame(first, frame.slice(0, 0))), "0 bytes");
  }

  @Test
  void versions_outOfOrder_areRefused() {
    CommittedTransaction last = intact.getLast();
    List<CommittedTransaction> repeated = new ArrayList<>(intact);
    repeated.add(last);
    String version = String.valueOf(last.version());
    assertDamaged(repeated, version, "comes after");
    assertDamaged(
        List.of(new CommittedTransaction(0, 1, intact.getFirst().mutations())), "version 0");
    assertDamaged(
        List.of(new CommittedTransaction(-5, 1, intact.getFirst().mutations())), "version -5");
  }

  @Test
  void tables_unknownOrMistaken_areRefused() {
    Mutation putRows = intact.get(2).mutations().get(1);
    ByteBuffer key = ByteBuffer.wrap(new byte[] {1});
    TableSpec spec = TableSpec.rows("other", Items.ROW).primaryKey("id");
    assertDamaged(withMore(new Mutation.Delete(7, key)), "no table with number 7");
    assertDamaged(withMore(new Mutation.DropTable(-1)), "no table with number -1");
    assertDamaged(withMore(new Mutation.PutRows(2, frameOf(putRows))), "\"batches\"");
    assertDamaged(withMore(new Mutation.PutBatch(1, "x", frameOf(putRows))), "\"rows\"");
    assertDamaged(withMore(new Mutation.CreateTable(1, spec)), "number 1");
    assertDamaged(withMore(new Mutation.CreateTable(0, spec)), "number 0");
    assertDamaged(
        withMore(new Mutation.CreateTable(9, TableSpec.rows("rows", Items.ROW).primaryKey("id"))),
        "\"rows\" is created twice");
    assertDamaged(
        withMore(new Mutation.CreateTable(9, TableSpec.rows("x", Items.ROW).primaryKey("no"))),
        "no");
  }

  @Test
  void item_twiceInOneCommit_isRefused() {
    ByteBuffer key = ByteBuffer.wrap(new byte[] {1});
    assertDamaged(withMore(new Mutation.Delete(1, key), new Mutation.Delete(1, key)), "twice");
    assertDamaged(withMore(intact.get(2).mutations().getFirst()), "twice");
  }

  @Test
  void droppedTable_writtenTo_isRefused() {
    List<CommittedTransaction> commits = new ArrayList<>(intact);
    long version = commits.getLast().version();
    commits.add(new CommittedTransaction(version + 1, 20, List.of(new Mutation.DropTable(1))));
    commits.add(
        new CommittedTransaction(
            version + 2, 21, List.of(new Mutation.Delete(1, ByteBuffer.wrap(new byte[] {1})))));
    assertDamaged(commits, "no table with number 1");
  }

  @Test
  void droppedTable_withRetention_isFreedAfterReopening() throws IOException {
    InMemoryStorage storage = new InMemoryStorage();
    storage.commit(intact);
    long version = intact.getLast().version();
    storage.commit(
        List.of(new CommittedTransaction(version + 1, 20, List.of(new Mutation.DropTable(1)))));
    long[] millis = {HybridClock.millisOf(version)};
    StoreConfig config = StoreConfig.builder().retention(Duration.ofMinutes(1)).build();
    InstantSource clock = () -> java.time.Instant.ofEpochMilli(millis[0]);
    try (Khonsu db = Khonsu.open(config, storage, allocator, clock)) {
      assertThat(db.tables()).hasSize(1);
      assertThat(db.statistics().held().items()).isGreaterThan(LARGE);
      millis[0] += Duration.ofMinutes(2).toMillis();
      Items.rows(db, "more");
      db.collect();
      assertThat(db.statistics().held().items()).isEqualTo(3);
    }
  }

  @Test
  void emptyCommitsOfDeletes_keepVersionsAscending() throws IOException {
    InMemoryStorage storage = new InMemoryStorage();
    storage.commit(intact);
    long version = intact.getLast().version() + (1L << 40);
    storage.commit(
        List.of(
            new CommittedTransaction(
                version, 30, List.of(new Mutation.Delete(1, ByteBuffer.wrap(new byte[] {9}))))));
    try (Khonsu db = open(storage)) {
      Table rows = db.table("rows").orElseThrow();
      assertThat(Items.put(db, rows, "a", 1).version()).isGreaterThan(version);
    }
    try (Khonsu db = open(storage)) {
      assertThat(Items.state(db, db.table("rows").orElseThrow())).containsEntry("a", 1L);
    }
  }

  @Test
  void keys_longerThanAllowedNow_areNoDamage() throws IOException {
    InMemoryStorage storage = new InMemoryStorage();
    storage.commit(intact);
    StoreConfig config = StoreConfig.builder().keySizeMaxBytes(3).build();
    try (Khonsu db = Khonsu.open(config, storage, allocator, InstantSource.system())) {
      assertThat(db.newestVersion()).isEqualTo(intact.getLast().version());
    }
  }

  @Test
  void memoryLimit_tooLowForWhatIsStored_saysSo() throws IOException {
    InMemoryStorage storage = new InMemoryStorage();
    storage.commit(intact);
    StoreConfig config = StoreConfig.builder().memoryLimitBytes(20_000).build();
    assertThatThrownBy(() -> Khonsu.open(config, storage, allocator, InstantSource.system()))
        .isInstanceOf(UnavailableException.class)
        .hasMessageContaining("memoryLimitBytes");
  }

  private static ByteBuffer frameOf(Mutation mutation) {
    return switch (mutation) {
      case Mutation.PutRows(int _, ByteBuffer frame) -> frame;
      case Mutation.PutBatch(int _, String _, ByteBuffer frame) -> frame;
      default -> throw new AssertionError(mutation);
    };
  }

  private static Mutation withFrame(Mutation mutation, ByteBuffer frame) {
    return switch (mutation) {
      case Mutation.PutRows(int id, ByteBuffer _) -> new Mutation.PutRows(id, frame);
      case Mutation.PutBatch(int id, String name, ByteBuffer _) ->
          new Mutation.PutBatch(id, name, frame);
      default -> throw new AssertionError(mutation);
    };
  }
}
