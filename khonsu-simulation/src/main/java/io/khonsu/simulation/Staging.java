package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.StagedChunk;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Where the chunks of a snapshot wait until a write installs it. A crash empties it. */
final class Staging {
  private @Nullable SnapshotId snapshot;
  private byte[] bytes = {};
  private int filled;

  void add(StagedChunk chunk) {
    if (chunk.offset() == 0) {
      snapshot = chunk.snapshot();
      bytes = new byte[Math.toIntExact(chunk.sizeBytes())];
      filled = 0;
    }
    if (!chunk.snapshot().equals(snapshot)) {
      throw violation("staging", chunk.snapshot(), "without a beginning");
    }
    if (chunk.offset() != filled) {
      throw violation("staging", "chunk at", chunk.offset(), "after", filled);
    }
    if (chunk.sizeBytes() != bytes.length) {
      throw violation("staging", "size changed to", chunk.sizeBytes());
    }
    int size = chunk.bytes().size();
    if (!(filled + size <= bytes.length)) {
      throw violation("staging", "chunk beyond the end of", bytes.length);
    }
    chunk.bytes().asBuffer().get(bytes, filled, size);
    filled += size;
  }

  /** {@return the content of the snapshot that a write installs} */
  Chain take(SnapshotId wanted) {
    SnapshotId staged = snapshot;
    if (!(staged != null && staged.index() == wanted.index())) {
      throw violation("staging", wanted, "is not staged");
    }
    if (filled != bytes.length) {
      throw violation("staging", "installs", filled, "of", bytes.length, "bytes");
    }
    Chain content = new Chain();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      content.append(buffer.getLong());
    }
    return content;
  }

  void clear() {
    snapshot = null;
    bytes = new byte[0];
    filled = 0;
  }

  /** {@return the bytes of the snapshot of entries {@code from} to {@code to} of a log} */
  static byte[] encode(Chain log, int from, int to) {
    ByteBuffer buffer = ByteBuffer.allocate(Long.BYTES * (to - from));
    for (int i = from; i < to; i++) {
      buffer.putLong(log.entry(i));
    }
    return buffer.array();
  }
}
