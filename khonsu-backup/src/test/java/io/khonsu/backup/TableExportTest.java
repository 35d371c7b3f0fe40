package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.ByteArrayReadableSeekableByteChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What exported files say of batch tables. */
class TableExportTest {
  private final RootAllocator allocator = new RootAllocator();
  private final Khonsu db = Khonsu.inMemory();

  @AfterEach
  void close() {
    db.close();
    allocator.close();
  }

  @Test
  void batches_areRowsAfterTheirName() throws Exception {
    Table table = db.createTable(TableSpec.batches("readings", schema("value")));
    write(table, "b, \"2\"", 3, 4);
    write(table, "a", 1, 2);
    write(table, "empty");
    write(table, "gone", 9);
    try (Snapshot before = db.snapshot()) {
      db.run(tx -> tx.delete(table, "gone"));
      write(table, "a", 7);
      assertThat(csv(before, table))
          .isEqualTo(
              "batch,value\r\n"
                  + "a,1\r\n"
                  + "a,2\r\n"
                  + "\"b, \"\"2\"\"\",3\r\n"
                  + "\"b, \"\"2\"\"\",4\r\n"
                  + "gone,9\r\n");
      assertThat(arrow(before, table))
          .containsExactly("a 1", "a 2", "b, \"2\" 3", "b, \"2\" 4", "gone 9");
    }
    try (Snapshot after = db.snapshot()) {
      assertThat(arrow(after, table)).containsExactly("a 7", "b, \"2\" 3", "b, \"2\" 4");
    }
  }

  @Test
  void column_thatIsCalledBatch_staysApart() throws Exception {
    Table table = db.createTable(TableSpec.batches("t", schema("batch")));
    try (Snapshot none = db.snapshot()) {
      assertThat(csv(none, table)).isEqualTo("_batch,batch\r\n");
      assertThat(arrow(none, table)).isEmpty();
    }
    write(table, "a", 1);
    try (Snapshot one = db.snapshot()) {
      assertThat(csv(one, table)).isEqualTo("_batch,batch\r\na,1\r\n");
      assertThat(arrow(one, table)).containsExactly("a 1");
    }
  }

  private static String csv(Snapshot snapshot, Table table) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long rows = TableExport.csv(snapshot, table, out);
    String text = out.toString(StandardCharsets.UTF_8);
    assertThat(rows).isEqualTo(text.lines().count() - 1);
    return text;
  }

  /** {@return the rows of an exported file, as a name and a number each} */
  private List<String> arrow(Snapshot snapshot, Table table) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long count = TableExport.arrow(snapshot, table, out);
    List<String> rows = new ArrayList<>();
    try (ArrowFileReader reader =
        new ArrowFileReader(
            new ByteArrayReadableSeekableByteChannel(out.toByteArray()), allocator)) {
      VectorSchemaRoot root = reader.getVectorSchemaRoot();
      while (reader.loadNextBatch()) {
        for (int row = 0; row < root.getRowCount(); row++) {
          rows.add(root.getVector(0).getObject(row) + " " + root.getVector(1).getObject(row));
        }
      }
    }
    assertThat(rows).hasSize((int) count);
    return rows;
  }

  private void write(Table table, String name, long... numbers) {
    try (VectorSchemaRoot root = VectorSchemaRoot.create(table.schema(), allocator)) {
      BigIntVector vector = (BigIntVector) root.getVector(0);
      for (int i = 0; i < numbers.length; i++) {
        vector.setSafe(i, numbers[i]);
      }
      root.setRowCount(numbers.length);
      db.run(tx -> tx.write(table, name, root));
    }
  }

  private static Schema schema(String column) {
    return new Schema(List.of(Field.nullable(column, new ArrowType.Int(64, true))));
  }
}
