package io.khonsu.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.TableSpec;
import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.key.KeyCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Storage} must do. Extend it and say how to open one: each test has a place of
 * its own, and opens that several times, one storage at a time.
 */
public abstract class StorageContract {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("value", new ArrowType.Int(64, true))));
  private static final int LARGE_ROWS = 200_000;

  private final BufferAllocator allocator = new RootAllocator();
  private Storage storage;

  /** {@return a storage of this test's place, with what was persisted there} */
  protected abstract Storage open() throws IOException;

  @BeforeEach
  final void openFirst() throws IOException {
    storage = open();
  }

  @AfterEach
  final void closeLast() throws IOException {
    storage.close();
    allocator.close();
  }

  @Test
  void replay_ofNothing_givesNothing() throws IOException {
    assertThat(replayed()).isEmpty();
    reopen();
    assertThat(replayed()).isEmpty();
  }

  @Test
  void replay_givesEveryKindOfChangeAsItWas_inOrder() throws IOException {
    List<CommittedTransaction> commits = everyKind();
    assertThat(replayed()).isEmpty();
    for (CommittedTransaction commit : commits) {
      storage.commit(List.of(commit));
    }
    reopen();
    assertThat(replayed()).isEqualTo(commits);
    assertThat(replayed()).isEqualTo(commits);
  }

  @Test
  void replay_givesTransactionsOfOneListEachWhole() throws IOException {
    List<CommittedTransaction> commits = everyKind();
    assertThat(replayed()).isEmpty();
    storage.commit(commits.subList(0, 2));
    storage.commit(commits.subList(2, commits.size()));
    reopen();
    assertThat(replayed()).isEqualTo(commits);
  }

  @Test
  void reopened_goesOnAfterWhatItHolds() throws IOException {
    List<CommittedTransaction> expected = new ArrayList<>();
    for (int run = 0; run < 4; run++) {
      assertThat(replayed()).isEqualTo(expected);
      for (int i = 1; i <= 3; i++) {
        CommittedTransaction commit = rows(10L * run + i, 1 + run, i);
        storage.commit(List.of(commit));
        expected.add(commit);
      }
      reopen();
    }
    assertThat(replayed()).isEqualTo(expected);
  }

  @Test
  void versions_notAscending_areRefusedWithTheirWholeList() throws IOException {
    assertThat(replayed()).isEmpty();
    storage.commit(List.of(rows(10, 1, 1)));
    List<List<CommittedTransaction>> refused =
        List.of(
            List.of(rows(10, 2, 1)),
            List.of(rows(9, 2, 1)),
            List.of(rows(11, 2, 1), rows(11, 3, 1)),
            List.of(rows(12, 2, 1), rows(13, 3, 1), rows(11, 4, 1)));
    for (List<CommittedTransaction> commits : refused) {
      assertThatThrownBy(() -> storage.commit(commits))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(UncertainOutcomeException.class);
    }
    storage.commit(List.of(rows(14, 5, 1)));
    reopen();
    assertThat(replayed()).isEqualTo(List.of(rows(10, 1, 1), rows(14, 5, 1)));
    assertThatThrownBy(() -> storage.commit(List.of(rows(14, 6, 1))))
        .isInstanceOf(IOException.class);
  }

  @Test
  void versions_extreme_areKept() throws IOException {
    List<CommittedTransaction> commits =
        List.of(
            rows(1, 1, 1),
            rows(1L << 62, Long.MAX_VALUE, 1),
            rows(Long.MAX_VALUE - 1, 3, 1),
            rows(Long.MAX_VALUE, 4, 1));
    assertThat(replayed()).isEmpty();
    storage.commit(commits);
    reopen();
    assertThat(replayed()).isEqualTo(commits);
  }

  @Test
  void buffers_areLeftAsTheyAre() throws IOException {
    CommittedTransaction commit = everyKind().get(1);
    List<ByteBuffer> buffers = commit.mutations().stream().map(StorageContract::bytes).toList();
    List<ByteBuffer> before = buffers.stream().map(ByteBuffer::duplicate).toList();
    assertThat(replayed()).isEmpty();
    storage.commit(List.of(commit));
    reopen();
    for (int i = 0; i < buffers.size(); i++) {
      assertThat(buffers.get(i).position()).isEqualTo(before.get(i).position());
      assertThat(buffers.get(i).limit()).isEqualTo(before.get(i).limit());
      assertThat(buffers.get(i)).isEqualTo(before.get(i));
    }
    for (Mutation mutation : replayed().getFirst().mutations()) {
      assertThat(bytes(mutation).isReadOnly()).isTrue();
    }
  }

  @Test
  void frame_large_isKept() throws IOException {
    CommittedTransaction commit = rows(1, 1, LARGE_ROWS);
    assertThat(replayed()).isEmpty();
    storage.commit(List.of(commit, rows(2, 2, 1)));
    reopen();
    assertThat(replayed()).isEqualTo(List.of(commit, rows(2, 2, 1)));
  }

  @Test
  void commits_many_areKept() throws IOException {
    assertThat(replayed()).isEmpty();
    List<CommittedTransaction> expected = new ArrayList<>();
    for (int group = 0; group < 20; group++) {
      List<CommittedTransaction> commits = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        commits.add(rows(1 + expected.size() + commits.size(), 1, 1 + i % 3));
      }
      storage.commit(commits);
      expected.addAll(commits);
    }
    reopen();
    assertThat(replayed()).isEqualTo(expected);
  }

  @Test
  void replay_receiverThrows_endsWithThatAndCanBeRepeated() throws IOException {
    assertThat(replayed()).isEmpty();
    storage.commit(List.of(rows(1, 1, 1), rows(2, 2, 1)));
    reopen();
    DamagedStorageException damage = new DamagedStorageException("no");
    assertThatThrownBy(() ->
            storage.replay(_ -> {
              throw damage;
            }))
        .isSameAs(damage);
    IllegalStateException defect = new IllegalStateException("no");
    assertThatThrownBy(() ->
            storage.replay(_ -> {
              throw defect;
            }))
        .isSameAs(defect);
    assertThat(replayed()).hasSize(2);
  }

  @Test
  void close_twice_doesNothing() throws IOException {
    assertThat(replayed()).isEmpty();
    storage.commit(List.of(rows(1, 1, 1)));
    storage.close();
    storage.close();
    storage = open();
    assertThat(replayed()).hasSize(1);
  }

  private void reopen() throws IOException {
    storage.close();
    storage = open();
  }

  private List<CommittedTransaction> replayed() throws IOException {
    List<CommittedTransaction> commits = new ArrayList<>();
    storage.replay(commits::add);
    return commits;
  }

  /** {@return commits that together change everything in every way} */
  private List<CommittedTransaction> everyKind() {
    TableSpec rows = TableSpec.rows("rows", SCHEMA).primaryKey("id");
    TableSpec batches = TableSpec.batches("b\u00e4tches \uD83D\uDE00", SCHEMA).rowKey("id");
    KeyCodec keys = KeyCodec.of(SCHEMA, List.of("id"), 100);
    ByteBuffer key = ByteBuffer.wrap(keys.encode("k1"));
    return List.of(
        new CommittedTransaction(
            1, 1, List.of(new Mutation.CreateTable(1, rows), new Mutation.CreateTable(2, batches))),
        new CommittedTransaction(
            5,
            3,
            List.of(
                new Mutation.PutRows(1, frame(3)),
                new Mutation.PutBatch(2, "n\u00e4me", frame(0)),
                new Mutation.PutBatch(2, "", frame(2)))),
        new CommittedTransaction(
            6,
            2,
            List.of(new Mutation.Delete(1, key), new Mutation.PutBatch(2, "n\u00e4me", frame(1)))),
        new CommittedTransaction(7, 4, List.of(new Mutation.DropTable(1))),
        new CommittedTransaction(8, 5, List.of(new Mutation.CreateTable(3, rows))));
  }

  private CommittedTransaction rows(long version, long transactionId, int count) {
    return new CommittedTransaction(
        version, transactionId, List.of(new Mutation.PutRows(1, frame(count))));
  }

  private ByteBuffer frame(int rows) {
    BatchBuilder builder = new BatchBuilder(BatchSchema.of(SCHEMA));
    for (int i = 0; i < rows; i++) {
      builder.appendRow("k" + i, (long) i);
    }
    try (var batch = builder.freeze(allocator)) {
      return ByteBuffer.wrap(BatchFrame.encode(batch));
    }
  }

  private static ByteBuffer bytes(Mutation mutation) {
    return switch (mutation) {
      case Mutation.PutRows(int _, ByteBuffer frame) -> frame;
      case Mutation.PutBatch(int _, String _, ByteBuffer frame) -> frame;
      case Mutation.Delete(int _, ByteBuffer key) -> key;
      case Mutation.CreateTable _, Mutation.DropTable _ ->
          ByteBuffer.allocate(0).asReadOnlyBuffer();
    };
  }
}
