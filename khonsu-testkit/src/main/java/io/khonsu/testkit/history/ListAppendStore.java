package io.khonsu.testkit.history;

import io.khonsu.testkit.Level;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A store under test, seen as lists to which transactions append. Used by many threads at once. */
public interface ListAppendStore {

  /** Begins a read-write transaction, used by the calling thread only. */
  Session begin(Level level);

  /** A transaction; it ends with {@link #commit}, whose failure must leave nothing open. */
  interface Session {
    /** {@return the list at {@code key}, own appends included; empty if the key is absent} */
    List<Long> read(long key);

    /** Appends {@code value}, which nobody else ever appends, to the list at {@code key}. */
    void append(long key, long value);

    /** Ends the transaction. */
    CommitReport commit();

    /** {@return the newest version that the reads see, or null if the store doesn't tell} */
    default @Nullable Long snapshotVersion() {
      return null;
    }
  }
}
