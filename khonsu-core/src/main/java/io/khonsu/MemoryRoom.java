package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a replica has memory for what a request would put into it. That must be asked before the
 * request is put in order: what is in order is applied everywhere, and a replica without memory for
 * it has to stop. Thread-safe.
 */
final class MemoryRoom {
  /** Each buffer of a column begins at a multiple of so many bytes. */
  private static final long ALIGNMENT_BYTES = 64;

  /** A request of less bytes has too few batches for their buffers to count. */
  private static final int SURE_BYTES = 128 << 10;

  private final TxnBuffer<StoredValue> buffer;
  private final Catalog catalog;
  private final Memory memory;

  MemoryRoom(TxnBuffer<StoredValue> buffer, Catalog catalog, Memory memory) {
    this.buffer = buffer;
    this.catalog = catalog;
    this.memory = memory;
  }

  /**
   * {@return about how much memory outside the heap it takes to apply a request; 0 if that is none,
   * as for deletions and few small rows, or if it cannot be read, for then it will change nothing}
   */
  long needBytes(ByteBuffer request) {
    if (!EncodedRequest.hasAppends(request)) {
      if (request.remaining() <= FrozenBatch.HEAP_BYTES_MAX) {
        return 0;
      }
      if (memory.headroomBytes() >= 2 * memory.reserveBytes() && request.remaining() < SURE_BYTES) {
        return request.remaining(); // there is room for more than what that may be wrong by
      }
    }
    try {
      return needBytes(EncodedRequest.decode(request));
    } catch (EncodedRequest.MalformedException _) {
      return 0;
    }
  }

  private long needBytes(EncodedRequest request) {
    long need = 0;
    for (CommittedTransaction writes : request.writes().values()) {
      for (Mutation write : writes.mutations()) {
        need += needBytes(write);
      }
    }
    for (Mutation append : request.appends()) {
      need += appendBytes(append);
    }
    return need;
  }

  private long needBytes(Mutation write) {
    return switch (write) {
      case Mutation.PutRows(int id, ByteBuffer frame) -> frameBytes(id, frame, 0);
      case Mutation.PutBatch(int id, String _, ByteBuffer frame) -> frameBytes(id, frame, 0);
      case Mutation.Delete _, Mutation.CreateTable _, Mutation.DropTable _ -> 0;
    };
  }

  /** {@return what a batch takes that is put together from one that is there and a frame} */
  private long appendBytes(Mutation append) {
    return append instanceof Mutation.PutBatch(int id, String name, ByteBuffer frame)
        ? frameBytes(id, frame, committedBytes(id, name))
        : 0;
  }

  private long frameBytes(int tableId, ByteBuffer frame, long committedBytes) {
    long sizeBytes = frame.remaining() + committedBytes;
    Table table = catalog.byId(tableId);
    return table == null || sizeBytes <= FrozenBatch.HEAP_BYTES_MAX
        ? 0
        : sizeBytes + ALIGNMENT_BYTES * table.batchSchema().bufferCount();
  }

  private long committedBytes(int tableId, String name) {
    Table table = catalog.byId(tableId);
    if (table == null || table.isRowTable()) {
      return 0;
    }
    Key key;
    try {
      key = table.key(name);
    } catch (LimitExceededException _) {
      return 0; // the request will be refused
    }
    try (Snapshot<StoredValue> snapshot = buffer.readOnlySnapshot()) {
      Version<StoredValue> committed = buffer.get(key, snapshot);
      return committed == null || committed.isTombstone()
          ? 0
          : Reading.storedOf(committed).sizeBytes();
    }
  }

  /**
   * {@return why a request must not be put in order now, or null if it may be}
   *
   * @param needBytes what {@link #needBytes(ByteBuffer)} says of it
   * @param underWayBytes the same of requests that are in order already and not applied, as far as
   *     the caller knows of them
   */
  @Nullable String shortage(long needBytes, long underWayBytes) {
    boolean isShort =
        needBytes > 0 && memory.headroomBytes() - underWayBytes - needBytes < memory.reserveBytes();
    return isShort ? memory.whatToDo() : null;
  }
}
