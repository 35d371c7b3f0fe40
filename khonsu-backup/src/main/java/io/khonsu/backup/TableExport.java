package io.khonsu.backup;

import io.khonsu.KeyRange;
import io.khonsu.RecordBatch;
import io.khonsu.ScanResult;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.VectorUnloader;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a snapshot sees of a table to a file: of a row table its rows in key order; of a
 * batch table the rows of all its batches, in the order of the batches' names, after a first column
 * that holds these, called {@value #NAME_COLUMN} (with underscores before it, if the table has one
 * of that name). A batch without rows leaves nothing.
 */
public final class TableExport {
  /** What the column of batches' names is called. */
  public static final String NAME_COLUMN = "batch";

  private TableExport() {}

  /** Takes a part of a table. */
  @FunctionalInterface
  private interface Part {
    /** Writes it; {@code name} is that of the batch, or null for rows of a row table. */
    void write(@Nullable String name, RecordBatch rows) throws IOException;
  }

  /** {@return the number of rows, all of which were handed to {@code part}} */
  private static long forEach(Snapshot snapshot, Table table, Part part) throws IOException {
    if (!isOfBatches(table)) {
      ScanResult rows = snapshot.scan(table);
      for (RecordBatch batch : rows) {
        try (batch) {
          part.write(null, batch);
        }
      }
      return rows.rowCount();
    }
    long count = 0;
    for (String name : snapshot.names(table, KeyRange.all())) {
      try (RecordBatch batch = snapshot.read(table, name).orElseThrow()) {
        part.write(name, batch);
        count += batch.rowCount();
      }
    }
    return count;
  }

  private static boolean isOfBatches(Table table) {
    return table.spec().kind() == TableSpec.Kind.BATCHES;
  }

  private static Schema schema(Table table) {
    if (!isOfBatches(table)) {
      return table.schema();
    }
    List<Field> fields = new ArrayList<>(table.schema().getFields());
    List<String> taken = fields.stream().map(Field::getName).toList();
    String name = NAME_COLUMN;
    while (taken.contains(name)) {
      name = '_' + name;
    }
    fields.addFirst(Field.notNullable(name, ArrowType.Utf8.INSTANCE));
    return new Schema(fields, table.schema().getCustomMetadata());
  }

  /**
   * Writes a table as a file of Arrow's IPC format.
   *
   * @param out borrowed
   * @return the number of rows
   */
  public static long arrow(Snapshot snapshot, Table table, OutputStream out) throws IOException {
    // Vectors move between allocators of one root only, so it is the store's; without rows none do.
    try (BufferAllocator own = new RootAllocator();
        RecordBatch sample = sample(snapshot, table);
        VectorSchemaRoot target = VectorSchemaRoot.create(schema(table), allocatorOf(sample, own));
        ArrowFileWriter writer =
            new ArrowFileWriter(
                target, new DictionaryProvider.MapDictionaryProvider(), Channels.newChannel(out))) {
      writer.start();
      long count =
          forEach(
              snapshot,
              table,
              (name, rows) -> {
                load(target, name, rows);
                writer.writeBatch();
              });
      writer.end();
      return count;
    }
  }

  /** {@return some batch of a table, or null if a batch table has none} */
  private static @Nullable RecordBatch sample(Snapshot snapshot, Table table) {
    if (!isOfBatches(table)) {
      return snapshot.getAll(table, List.of());
    }
    List<String> names = snapshot.names(table, KeyRange.all());
    return names.isEmpty() ? null : snapshot.read(table, names.getFirst()).orElseThrow();
  }

  private static BufferAllocator allocatorOf(
      @Nullable RecordBatch batch, BufferAllocator otherwise) {
    List<FieldVector> vectors = batch == null ? List.of() : batch.root().getFieldVectors();
    return vectors.isEmpty() ? otherwise : vectors.getFirst().getAllocator();
  }

  private static void load(VectorSchemaRoot target, @Nullable String name, RecordBatch rows) {
    List<FieldVector> vectors = new ArrayList<>(rows.root().getFieldVectors());
    try (FieldVector first =
        target
            .getSchema()
            .getFields()
            .getFirst()
            .createVector(target.getVector(0).getAllocator())) {
      if (name != null) {
        vectors.addFirst(repeated((VarCharVector) first, name, rows.rowCount()));
      }
      VectorSchemaRoot source = // not closed: the vectors belong to others
          new VectorSchemaRoot(target.getSchema().getFields(), vectors, rows.rowCount());
      try (ArrowRecordBatch loaded = new VectorUnloader(source).getRecordBatch()) {
        new VectorLoader(target).load(loaded);
      }
    }
  }

  private static FieldVector repeated(VarCharVector vector, String text, int count) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int row = 0; row < count; row++) {
      vector.setSafe(row, bytes);
    }
    vector.setValueCount(count);
    return vector;
  }

  /**
   * Writes a table as comma-separated values (RFC 4180), in UTF-8, with a line of column names. A
   * null is nothing, an empty text is a pair of quotes, bytes are Base64; all else is what the
   * column's Arrow vector returns for it, as text.
   *
   * @param out borrowed
   * @return the number of rows
   */
  public static long csv(Snapshot snapshot, Table table, OutputStream out) throws IOException {
    Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
    StringBuilder line = new StringBuilder();
    schema(table).getFields().forEach(field -> append(line, field.getName()));
    end(line, writer);
    long count = forEach(snapshot, table, (name, rows) -> lines(name, rows, writer));
    writer.flush();
    return count;
  }

  private static void lines(@Nullable String name, RecordBatch batch, Writer writer)
      throws IOException {
    StringBuilder line = new StringBuilder();
    for (int row = 0; row < batch.rowCount(); row++) {
      if (name != null) {
        append(line, name);
      }
      for (FieldVector vector : batch.root().getFieldVectors()) {
        append(line, vector.getObject(row));
      }
      end(line, writer);
    }
  }

  private static void append(StringBuilder line, @Nullable Object value) {
    if (value != null) {
      String text =
          value instanceof byte[] bytes
              ? Base64.getEncoder().encodeToString(bytes)
              : value.toString();
      boolean isPlain = !text.isEmpty() && text.chars().noneMatch(c -> ",\"\r\n".indexOf(c) >= 0);
      line.append(isPlain ? text : '"' + text.replace("\"", "\"\"") + '"');
    }
    line.append(',');
  }

  private static void end(StringBuilder line, Writer writer) throws IOException {
    line.setLength(line.length() - 1);
    writer.append(line).write("\r\n");
    line.setLength(0);
  }
}
