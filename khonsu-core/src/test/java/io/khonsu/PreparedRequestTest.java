package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that were read before those in front of them were applied come out as all do. */
class PreparedRequestTest {
  private static final TableSpec NUMBERS =
      TableSpec.rows("numbers", Batches.NUMBERS).primaryKey("id");
  private static final TableSpec BLOBS = TableSpec.batches("blobs", Batches.NUMBERS).rowKey("id");
  private static final int ITEMS = 20;

  /** Applies each request when it is made. */
  private final ReplicatedStore direct = replica();

  /** Is given many at once, later. */
  private final ReplicatedStore preparing = replica();

  private final List<byte[]> requests = new ArrayList<>();
  private final List<ReplicatedStore.Applied> applied = new ArrayList<>();
  private long version = 1_000_000;

  private static ReplicatedStore replica() {
    StoreConfig config = StoreConfig.builder().compactionRowsPerSecond(0).build();
    return ReplicatedStore.create(config, new NoOrder(), null, InstantSource.system());
  }

  @AfterEach
  void close() {
    direct.close();
    preparing.close();
  }

  private CommitAnswer apply(byte[] request) {
    version++;
    ReplicatedStore.Applied one = direct.apply(version, 7, request);
    requests.add(request);
    applied.add(one);
    return CommitAnswer.decode(one.answer());
  }

  /** Has the other replica prepare and apply what was applied since the last call. */
  private void assertPreparedAlike() {
    List<PreparedRequest> prepared =
        preparing.prepare(requests.stream().map(ByteBuffer::wrap).toList());
    long at = version - requests.size();
    for (int i = 0; i < prepared.size(); i++) {
      ReplicatedStore.Applied other = preparing.apply(++at, 7, prepared.get(i));
      assertThat(other.answer()).as("answer %d", i).isEqualTo(applied.get(i).answer());
      assertThat(bytes(other)).as("commit %d", i).isEqualTo(bytes(applied.get(i)));
      assertThat(other.itemCount()).isEqualTo(applied.get(i).itemCount());
      assertThat(other.isAsAsked()).isEqualTo(applied.get(i).isAsAsked());
    }
    assertThat(preparing.newestVersion()).isEqualTo(direct.newestVersion());
    requests.clear();
    applied.clear();
  }

  private static byte @Nullable [] bytes(ReplicatedStore.Applied applied) {
    CommittedTransaction commit = applied.commit();
    return commit == null ? null : commit.record().bytes();
  }

  private Table table(String name) {
    return direct.store().table(name).orElseThrow();
  }

  private void upsert(Transaction tx, String table, long id, long value) {
    tx.upsert(table(table), table(table).row(id, value));
  }

  private byte[] upserting(String table, long id, long value) {
    try (Transaction tx = direct.store().begin()) {
      upsert(tx, table, id, value);
      return direct.request(tx);
    }
  }

  /** {@return one that conflicts with whatever has changed the row since} */
  private byte[] replacing(long id, long value) {
    try (Transaction tx = direct.store().begin(TransactionOptions.serializable())) {
      var _ = tx.get(table("numbers"), id);
      upsert(tx, "numbers", id, value);
      return direct.request(tx);
    }
  }

  private byte[] dropping(String table) {
    Mutation drop = new Mutation.DropTable(table(table).id());
    return EncodedRequest.ofDefinition(direct.newestVersion(), List.of(), drop).encode();
  }

  @Test
  void rowsOfATableThatTheBatchCreates_andOfOneThatItDrops() {
    apply(direct.request(NUMBERS));
    assertPreparedAlike();
    byte[] late = upserting("numbers", 1, 1);
    byte[] drop = dropping("numbers");
    apply(upserting("numbers", 2, 2));
    assertThat(apply(drop)).isInstanceOf(CommitAnswer.Committed.class);
    assertThat(apply(late)).isInstanceOf(CommitAnswer.Refused.class);
    assertThat(apply(direct.request(NUMBERS))).isInstanceOf(CommitAnswer.Committed.class);
    assertThat(apply(upserting("numbers", 3, 3))).isInstanceOf(CommitAnswer.Committed.class);
    assertPreparedAlike();
  }

  @Test
  void conflictInsideTheBatch_abortsTheSecond() {
    apply(direct.request(NUMBERS));
    byte[] first = replacing(1, 1);
    byte[] second = replacing(1, 2);
    assertThat(apply(first)).isInstanceOf(CommitAnswer.Committed.class);
    assertThat(apply(second)).isInstanceOf(CommitAnswer.Aborted.class);
    assertPreparedAlike();
  }

  private List<PreparedRequest> prepare(byte[]... several) {
    return preparing.prepare(Arrays.stream(several).map(ByteBuffer::wrap).toList());
  }

  @Test
  void smallRequest_isReadAhead_andWhatItStagedIsGivenOnce() {
    apply(direct.request(NUMBERS));
    assertPreparedAlike();
    PreparedRequest prepared = prepare(upserting("numbers", 1, 1)).getFirst();
    StagedMutations staged = prepared.takeStaged();
    assertThat(staged).isNotNull();
    assertThat(Objects.requireNonNull(staged).writes().size()).isEqualTo(1);
    assertThat(prepared.takeStaged()).isNull();
  }

  @Test
  void whatChangesTables_orIsLarge_orIsNoRequest_isNotReadAhead() {
    apply(direct.request(NUMBERS));
    assertPreparedAlike();
    byte[] another = direct.request(BLOBS);
    for (PreparedRequest prepared :
        prepare(another, dropping("numbers"), large(), new byte[] {1, 2, 3})) {
      assertThat(prepared.takeStaged()).isNull();
    }
  }

  @Test
  void requestWithTwoStrategies() {
    apply(direct.request(NUMBERS));
    apply(upserting("numbers", 1, 1));
    try (Transaction tx = direct.store().begin()) {
      upsert(tx, "numbers", 2, 2);
      tx.deleteAll(table("numbers"), List.of(1L), ConflictStrategy.IGNORE);
      byte[] request = direct.request(tx);
      assertThat(decoded(request).writes()).hasSize(2);
      assertThat(apply(request)).isInstanceOf(CommitAnswer.Committed.class);
    }
    assertPreparedAlike();
  }

  private static EncodedRequest decoded(byte[] request) {
    try {
      return EncodedRequest.decode(request);
    } catch (EncodedRequest.MalformedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void requestThatHasReadWhatIsForgotten_isTooOld() {
    apply(direct.request(NUMBERS));
    byte[] old = upserting("numbers", 1, 1);
    for (int i = 0; i < 10; i++) {
      apply(upserting("numbers", 2, i));
    }
    assertPreparedAlike();
    for (ReplicatedStore replica : List.of(direct, preparing)) {
      replica.moveWatermark(direct.newestVersion());
    }
    assertThat(apply(old)).isInstanceOf(CommitAnswer.TooOld.class);
    assertThat(apply(upserting("numbers", 3, 3))).isInstanceOf(CommitAnswer.Committed.class);
    assertPreparedAlike();
  }

  /** {@return one whose rows have memory outside the heap once they are staged} */
  private byte[] large() {
    try (Transaction tx = direct.store().begin()) {
      for (long id = 0; id < 1_000; id++) {
        upsert(tx, "numbers", id, id);
      }
      return direct.request(tx);
    }
  }

  @Test
  void preparedAndNotApplied_leavesNothing() {
    apply(direct.request(NUMBERS));
    apply(upserting("numbers", 1, 1));
    assertPreparedAlike();
    byte[] request = large();
    long usedBytes = preparing.store().statistics().held().memoryBytes();
    assertThat(prepare(request, request)).hasSize(2);
    assertThat(preparing.store().statistics().held().memoryBytes()).isEqualTo(usedBytes);
    apply(request);
    assertPreparedAlike();
    assertThat(preparing.store().statistics().held().memoryBytes()).isGreaterThan(usedBytes);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomRequests_comeOutAlike(long seed) {
    Random random = new Random(seed);
    apply(direct.request(NUMBERS));
    apply(direct.request(BLOBS));
    List<byte[]> made = new ArrayList<>(requests);
    for (int batch = 0; batch < 12; batch++) {
      List<byte[]> waiting = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        byte[] request = random(random, made);
        made.add(request);
        if (random.nextInt(4) == 0) {
          waiting.add(request); // has read before what comes now
        } else {
          apply(request);
        }
      }
      waiting.forEach(this::apply);
      assertPreparedAlike();
    }
  }

  private byte[] random(Random random, List<byte[]> made) {
    Optional<Table> extra = direct.store().table("extra");
    return switch (random.nextInt(14)) {
      case 0 -> made.get(random.nextInt(made.size()));
      case 1 -> damaged(made.get(random.nextInt(made.size())), random);
      case 2 -> extra.isPresent() ? dropping("extra") : direct.request(extra());
      case 3, 4 -> upserting(extra.isPresent() ? "extra" : "numbers", random.nextInt(ITEMS), 3);
      case 5 -> blob(random, ConflictStrategy.APPEND);
      case 6 -> blob(random, ConflictStrategy.REPLACE);
      case 7 -> several(random);
      case 8, 9 -> replacing(random.nextInt(ITEMS), random.nextLong());
      default -> upserting("numbers", random.nextInt(ITEMS), random.nextLong());
    };
  }

  private static TableSpec extra() {
    return TableSpec.rows("extra", Batches.NUMBERS).primaryKey("id");
  }

  private static byte[] damaged(byte[] request, Random random) {
    byte[] damaged = Arrays.copyOf(request, request.length - random.nextInt(2));
    damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
    return damaged;
  }

  private byte[] several(Random random) {
    try (Transaction tx = direct.store().begin()) {
      for (int i = 0; i < 3; i++) {
        long id = random.nextInt(ITEMS);
        if (random.nextBoolean()) {
          upsert(tx, "numbers", id, random.nextLong());
        } else {
          tx.delete(table("numbers"), id);
        }
      }
      return direct.request(tx);
    }
  }

  private byte[] blob(Random random, ConflictStrategy strategy) {
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot rows = Batches.numbers(allocator, random.nextInt(1_000) * 10L, 10);
        Transaction tx =
            direct.store().begin(TransactionOptions.serializable().onConflict(strategy))) {
      tx.write(table("blobs"), "blob " + random.nextInt(3), rows);
      return direct.request(tx);
    }
  }
}
