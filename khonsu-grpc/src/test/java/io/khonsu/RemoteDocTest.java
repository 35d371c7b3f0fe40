package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.testkit.LeakChecking;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The example of docs/cluster.md on clients: it runs, and it stands there. */
@ExtendWith(LeakChecking.class)
class RemoteDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "RemoteDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "cluster.md");

  @Test
  void example_runs(BufferAllocator allocator) throws Exception {
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("id", ArrowType.Utf8.INSTANCE),
                Field.notNullable("balance", new ArrowType.Int(64, true))));
    try (ClientCluster cluster = new ClientCluster(1, allocator)) {
      String address = cluster.address();
      // region client
      try (Store db = Khonsu.connect(address)) { // khonsu://db1.example:7501,db2.example:7501
        Table accounts = db.createTable(TableSpec.rows("accounts", schema).primaryKey("id"));
        db.run(tx -> tx.upsert(accounts, accounts.row("alice", 100L)));
        long balance =
            db.readOnly(
                snapshot -> snapshot.get(accounts, "alice").orElseThrow().getLong("balance"));
        assert balance == 100;
      }
      // endregion
      assertThat(cluster.member(1).store().table("accounts")).isPresent();
    }
  }

  @Test
  void example_standsOnThePage() throws Exception {
    String source = Files.readString(SOURCE);
    int from = source.indexOf("// region client") + "// region client\n".length();
    String region = source.substring(from, source.indexOf("      // endregion", from));
    assertThat(Files.readString(PAGE)).contains(region.stripTrailing().stripIndent());
  }
}
