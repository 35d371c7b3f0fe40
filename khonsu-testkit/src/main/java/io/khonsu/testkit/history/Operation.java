package io.khonsu.testkit.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One step of a transaction in a history. Values are unique: no two writes write the same one. */
public sealed interface Operation {

  /** {@return the key it touches} */
  long key();

  /** Appends {@code value} to the list at {@code key}. */
  record Append(long key, long value) implements Operation {}

  /**
   * Reads the list at {@code key}.
   *
   * @param seen the whole list, empty for an absent key; null as long as it has not been read
   */
  record ReadList(long key, @Nullable List<Long> seen) implements Operation {
    public ReadList {
      seen = seen == null ? null : List.copyOf(seen);
    }
  }

  /** Writes {@code value} to the register at {@code key}. */
  record Write(long key, long value) implements Operation {}

  /**
   * Reads the register at {@code key}.
   *
   * @param seen its value; null for an absent key, and as long as it has not been read
   */
  record ReadRegister(long key, @Nullable Long seen) implements Operation {}
}
