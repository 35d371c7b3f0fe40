package io.khonsu.spi;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A storage that keeps every commit on the heap, as long as it lives itself: a store opened on it
 * again finds all that was committed. For tests, and to show the contract. Thread-safe.
 */
public final class InMemoryStorage implements Storage {
  private final List<CommittedTransaction> commits = new ArrayList<>();

  /** Creates an empty storage. */
  public InMemoryStorage() {}

  @Override
  public synchronized void commit(List<CommittedTransaction> added) throws IOException {
    long newest = commits.isEmpty() ? 0 : commits.getLast().version();
    for (CommittedTransaction commit : added) {
      if (commit.version() <= newest) {
        throw new IOException(
            "version %d does not come after %d".formatted(commit.version(), newest));
      }
      newest = commit.version();
    }
    commits.addAll(added);
  }

  @Override
  public void replay(Receiver receiver) throws IOException {
    for (CommittedTransaction commit : copy()) {
      receiver.accept(commit);
    }
  }

  @Override
  public void close() {}

  private synchronized List<CommittedTransaction> copy() {
    return List.copyOf(commits);
  }
}
