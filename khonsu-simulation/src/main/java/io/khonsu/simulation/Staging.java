package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.check;

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
    check(chunk.snapshot().equals(snapshot), "staging", chunk.snapshot(), "without a beginning");
    check(chunk.offset() == filled, "staging", "chunk at", chunk.offset(), "after", filled);
    check(chunk.sizeBytes() == bytes.length, "staging", "size changed to", chunk.sizeBytes());
    int size = chunk.bytes().size();
    check(filled + size <= bytes.length, "staging", "chunk beyond the end of", bytes.length);
    chunk.bytes().asBuffer().get(bytes, filled, size);
    filled += size;
  }

  /** {@return the content of the snapshot that a write installs} */
  Chain take(SnapshotId wanted) {
    SnapshotId staged = snapshot;
    check(
        staged != null && staged.index() == wanted.index(), "staging", wanted, "is not staged");
    check(filled == bytes.length, "staging", "installs", filled, "of", bytes.length, "bytes");
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
