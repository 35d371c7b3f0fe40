package io.khonsu.backup;

import io.khonsu.RecordBatch;
import io.khonsu.ScanResult;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.VectorUnloader;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.jspecify.annotations.Nullable;

/** Writes the rows that a snapshot sees of a row table to a file, in key order. */
public final class TableExport {
  private TableExport() {}

  /**
   * Writes a table as a file of Arrow's IPC format.
   *
   * @param out borrowed
   * @return the number of rows
   */
  public static long arrow(Snapshot snapshot, Table table, OutputStream out) throws IOException {
    ScanResult rows = snapshot.scan(table);
    // Vectors move between allocators of one root only, so it is the store's; without rows none do.
    try (BufferAllocator own = new RootAllocator();
        RecordBatch none = snapshot.getAll(table, List.of());
        VectorSchemaRoot target = VectorSchemaRoot.create(table.schema(), allocatorOf(none, own));
        ArrowFileWriter writer =
            new ArrowFileWriter(
                target, new DictionaryProvider.MapDictionaryProvider(), Channels.newChannel(out))) {
      VectorLoader loader = new VectorLoader(target);
      writer.start();
      for (RecordBatch batch : rows) {
        try (batch;
            ArrowRecordBatch vectors = new VectorUnloader(batch.root()).getRecordBatch()) {
          loader.load(vectors);
        }
        writer.writeBatch();
      }
      writer.end();
      return rows.rowCount();
    }
  }

  private static BufferAllocator allocatorOf(RecordBatch batch, BufferAllocator otherwise) {
    List<FieldVector> vectors = batch.root().getFieldVectors();
    return vectors.isEmpty() ? otherwise : vectors.getFirst().getAllocator();
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
    table.schema().getFields().forEach(field -> append(line, field.getName()));
    end(line, writer);
    ScanResult rows = snapshot.scan(table);
    for (RecordBatch batch : rows) {
      try (batch) {
        lines(batch, writer);
      }
    }
    writer.flush();
    return rows.rowCount();
  }

  private static void lines(RecordBatch batch, Writer writer) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int row = 0; row < batch.rowCount(); row++) {
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
