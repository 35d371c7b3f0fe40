package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.CommitOrder;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** What is applied while a replica closes is decided as on the others, who do not close. */
class ReplicatedStoreCloseTest {
  private static final TableSpec NUMBERS =
      TableSpec.rows(
              "numbers", new Schema(List.of(Field.notNullable("id", new ArrowType.Int(64, true)))))
          .primaryKey("id");

  /** Applies one more request when it is told to close. */
  private static final class LateOrder implements CommitOrder {
    private final List<ReplicatedStore.Applied> late = new ArrayList<>();
    private Runnable atClose = () -> {};

    @Override
    public CompletionStage<Reply> submit(byte[] request) {
      return CompletableFuture.completedFuture(new Reply.Unavailable("it is a test"));
    }

    @Override
    public CompletionStage<Reply> awaitCurrent(long stalenessNanosMax) {
      return CompletableFuture.completedFuture(new Reply.Decided(new byte[0]));
    }

    @Override
    public CompletionStage<CommitStatus> outcome(long commitId) {
      return CompletableFuture.completedFuture(new CommitStatus.Forgotten());
    }

    @Override
    public void close() {
      atClose.run();
      atClose = () -> {};
    }
  }

  @Test
  void request_appliedWhileTheStoreCloses_isDecidedAsElsewhere() {
    LateOrder order = new LateOrder();
    try (ReplicatedStore replica =
        ReplicatedStore.create(StoreConfig.defaults(), order, null, InstantSource.system())) {
      var created = replica.apply(1, 1, replica.request(NUMBERS));
      assertThat(ReplicatedStore.committedVersion(created.answer())).isEqualTo(1);
      byte[] request;
      try (Transaction tx = replica.store().begin()) {
        Table table = replica.store().table("numbers").orElseThrow();
        tx.upsert(table, table.row(7L));
        request = replica.request(tx);
      }
      order.atClose = () -> order.late.add(replica.apply(2, 2, request));
    }
    assertThat(order.late)
        .singleElement()
        .satisfies(
            applied -> assertThat(ReplicatedStore.committedVersion(applied.answer())).isEqualTo(2));
  }
}
