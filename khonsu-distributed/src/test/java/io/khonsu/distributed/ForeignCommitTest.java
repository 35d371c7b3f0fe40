package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.CommitOutcomeUnknownException;
import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Somebody commits under the number of a session that is not his. */
@Timeout(120)
class ForeignCommitTest {
  private static final TableSpec NUMBERS =
      TableSpec.rows(
              "numbers",
              new Schema(List.of(Field.notNullable("id", new ArrowType.Int(Long.SIZE, true)))))
          .primaryKey("id");

  private static void insert(Khonsu store, Table table, long id) {
    store.run(tx -> tx.insert(table, table.row(id)));
  }

  @Test
  void sessionOfANode_thatSomebodyElseHasUsed_isGivenUp_andTheNodeGoesOn() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      ClusterMember member = nodes.member(1);
      Khonsu store = member.store();
      Table table = store.createTable(NUMBERS); // by the first commit of the first session
      CompletableFuture<ClientReply> foreign = new CompletableFuture<>();
      long last = CommitIds.of(1, CommitIds.NUMBER_MAX);
      boolean isTaken =
          member
              .manager()
              .submit(new Submission.Commit(last, Long.MAX_VALUE, new byte[3]), foreign::complete);
      assertThat(isTaken).isTrue();
      assertThat(foreign.join()).isInstanceOf(ClientReply.Done.class);

      assertThatThrownBy(() -> insert(store, table, 1))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("somebody else has committed");
      insert(store, table, 2);
      assertThat(member.manager().failure()).isNull();
    }
  }
}
