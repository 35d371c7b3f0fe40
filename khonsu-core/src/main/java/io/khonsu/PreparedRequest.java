package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A commit request to be applied once to a {@link ReplicatedStore}, which has read it already if it
 * is a small one that can be read. It has memory on the heap alone, so one that is not applied
 * needs no closing. Not thread-safe.
 */
public final class PreparedRequest {
  private final ByteBuffer bytes;
  private @Nullable EncodedRequest decoded;
  private @Nullable StagedMutations staged;

  private PreparedRequest(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** {@return one that will be read when it is applied} */
  static PreparedRequest unread(ByteBuffer bytes) {
    return new PreparedRequest(bytes);
  }

  /**
   * {@return requests, read where they are small, have rows and batches alone, and fit the tables
   * of now} The others will be read when they are applied, and what is wrong with them be said
   * then: the requests before may change that.
   */
  static List<PreparedRequest> readAll(
      List<ByteBuffer> requests,
      Supplier<StagedMutations> nothingStaged,
      TxnBuffer<StoredValue> buffer) {
    List<PreparedRequest> prepared = new ArrayList<>(requests.size());
    List<WriteSet<StoredValue>> writes = new ArrayList<>(requests.size());
    for (ByteBuffer bytes : requests) {
      PreparedRequest read = read(bytes, nothingStaged);
      prepared.add(read);
      if (read.staged != null) {
        writes.add(read.staged.writes());
      }
    }
    buffer.prefetch(writes);
    return prepared;
  }

  private static PreparedRequest read(ByteBuffer bytes, Supplier<StagedMutations> nothingStaged) {
    PreparedRequest prepared = new PreparedRequest(bytes);
    if (bytes.remaining() > FrozenBatch.HEAP_BYTES_MAX) {
      return prepared;
    }
    StagedMutations staged = nothingStaged.get();
    try {
      EncodedRequest request = EncodedRequest.decode(bytes);
      if (request.appends().isEmpty() && !definesTables(request)) {
        for (var writes : request.writes().entrySet()) {
          staged.addAll(writes.getValue().mutations(), writes.getKey());
        }
        prepared.decoded = request;
        prepared.staged = staged;
      }
    } catch (EncodedRequest.MalformedException
        | DamagedStorageException
        | RuntimeException
        | StackOverflowError _) {
      staged.discard(); // and is read again when it is applied
    }
    return prepared;
  }

  private static boolean definesTables(EncodedRequest request) {
    for (CommittedTransaction writes : request.writes().values()) {
      for (Mutation mutation : writes.mutations()) {
        if (isDefinition(mutation)) {
          return true;
        }
      }
    }
    return false;
  }

  /** {@return whether a change is of the tables themselves} */
  static boolean isDefinition(Mutation mutation) {
    return mutation instanceof Mutation.CreateTable || mutation instanceof Mutation.DropTable;
  }

  /** {@return the request, read now if it was not} */
  EncodedRequest decoded() throws EncodedRequest.MalformedException {
    EncodedRequest before = decoded;
    return before == null ? EncodedRequest.decode(bytes) : before;
  }

  /** {@return what it writes as it was staged, once; null if it must be staged now} */
  @Nullable StagedMutations takeStaged() {
    StagedMutations taken = staged;
    staged = null;
    return taken;
  }
}
