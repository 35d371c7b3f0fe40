package io.khonsu.spi;

import io.khonsu.TableSpec;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * One change of a committed transaction.
 *
 * <p>A <em>frame</em> is an encoded record batch of the table's schema: it carries a format version
 * and a checksum. Frames and keys are read-only buffers whose position and limit nobody moves.
 */
public sealed interface Mutation {
  /** {@return the number of the table; never used again after the table was dropped} */
  int tableId();

  /** The table comes into being. */
  record CreateTable(int tableId, TableSpec spec) implements Mutation {
    /** Checks that nothing is missing. */
    public CreateTable {
      Objects.requireNonNull(spec, "spec");
    }
  }

  /** The table and all that is in it cease to be. */
  record DropTable(int tableId) implements Mutation {}

  /** Rows of a row table are inserted, or take the place of those with equal keys. */
  record PutRows(int tableId, ByteBuffer frame) implements Mutation {
    /** Protects the frame. */
    public PutRows {
      frame = frame.asReadOnlyBuffer();
    }
  }

  /** A batch of a batch table is written, or takes the place of the one so named. */
  record PutBatch(int tableId, String key, ByteBuffer frame) implements Mutation {
    /** Protects the frame. */
    public PutBatch {
      Objects.requireNonNull(key, "key");
      frame = frame.asReadOnlyBuffer();
    }
  }

  /** An item is deleted; its key is encoded as the table orders it. */
  record Delete(int tableId, ByteBuffer key) implements Mutation {
    /** Protects the key. */
    public Delete {
      key = key.asReadOnlyBuffer();
    }
  }
}
