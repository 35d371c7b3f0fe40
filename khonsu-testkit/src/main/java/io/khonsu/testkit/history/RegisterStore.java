package io.khonsu.testkit.history;

import io.khonsu.testkit.Level;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A store under test, seen as registers. It must tell the versions of its commits: without them
 * lost updates can hide. Used by many threads at once.
 */
public interface RegisterStore {

  /** Begins a read-write transaction, used by the calling thread only. */
  Session begin(Level level);

  /** A transaction; it ends with {@link #commit}, whose failure must leave nothing open. */
  interface Session {
    /** {@return the value at {@code key}, own writes included; empty if the key is absent} */
    OptionalLong read(long key);

    /** Writes {@code value}, which nobody else ever writes. */
    void write(long key, long value);

    /** Ends the transaction. */
    CommitReport commit();

    /** {@return the newest version that the reads see, or null if the store doesn't tell} */
    default @Nullable Long snapshotVersion() {
      return null;
    }
  }
}
