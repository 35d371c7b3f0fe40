package io.khonsu;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction wants done after it has ended, each hook at most once. Not thread-safe, but
 * of several threads that settle it one succeeds.
 */
final class Hooks {
  private final List<Runnable> onCommit = new ArrayList<>(0);
  private final List<Runnable> onRollback = new ArrayList<>(0);
  private final AtomicBoolean settled = new AtomicBoolean();
  private List<Runnable> due = List.of();

  /** How a transaction ended. */
  enum Fate {
    COMMITTED,
    ROLLED_BACK,
    UNKNOWN
  }

  /** How many hooks there were at some time. */
  record Mark(int onCommit, int onRollback) {}

  void addOnCommit(Runnable hook) {
    onCommit.add(hook);
  }

  void addOnRollback(Runnable hook) {
    onRollback.add(hook);
  }

  Mark mark() {
    return new Mark(onCommit.size(), onRollback.size());
  }

  /** Takes out the hooks added since; {@return those that are to run now, the last added first} */
  List<Runnable> rollbackTo(Mark mark) {
    onCommit.subList(mark.onCommit, onCommit.size()).clear();
    List<Runnable> added = onRollback.subList(mark.onRollback, onRollback.size());
    List<Runnable> undone = List.copyOf(added.reversed());
    added.clear();
    return undone;
  }

  /** Decides which hooks are to run; {@return false if that was decided before} */
  boolean settle(Fate fate) {
    if (!settled.compareAndSet(false, true)) {
      return false;
    }
    due =
        switch (fate) {
          case COMMITTED -> onCommit;
          case ROLLED_BACK -> onRollback.reversed();
          case UNKNOWN -> List.of();
        };
    return true;
  }

  /** Runs what is due; {@return the first failure, with the others suppressed, or null} */
  @Nullable Throwable runDue() {
    List<Runnable> taken = due;
    due = List.of();
    return runAll(taken);
  }

  /** Runs all of them; {@return the first failure, with the others suppressed, or null} */
  static @Nullable Throwable runAll(List<Runnable> hooks) {
    Throwable first = null;
    for (Runnable hook : hooks) {
      try {
        hook.run();
      } catch (RuntimeException | Error e) {
        if (first == null) {
          first = e;
        } else if (!first.equals(e)) {
          first.addSuppressed(e);
        }
      }
    }
    return first;
  }
}
