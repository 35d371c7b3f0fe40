package io.khonsu.server.torture;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * What must not be left behind when this process is stopped by a signal: its children, which may
 * stand still, then file systems that they use, then files. One hook ends them in this order; it is
 * there before the first of them. Thread-safe.
 */
final class Leftovers {
  private static final Leftovers ALL = new Leftovers();

  /** A child that cannot even be killed in this time hangs in the system. */
  private static final int KILL_SECONDS_MAX = 10;

  @GuardedBy("this")
  private final Deque<Leftover> newestFirst = new ArrayDeque<>();

  @GuardedBy("this")
  private boolean isHooked;

  @GuardedBy("this")
  private boolean isStopping;

  private Leftovers() {}

  /** Something that must be ended. */
  interface Leftover {
    /** Ends it. */
    void end() throws IOException;
  }

  /** Sees to it that what this process starts from here on is ended with it. */
  static void hook() {
    ALL.addHook();
  }

  /**
   * Sees to it that something is ended with this process. To be called before it comes into being.
   *
   * @throws IOException if the process is being stopped: then it must not come into being
   */
  @CanIgnoreReturnValue
  static Leftover add(Leftover leftover) throws IOException {
    ALL.addHook();
    ALL.push(leftover);
    return leftover;
  }

  /** Ends something now, unless that is done already because the process is being stopped. */
  static void end(Leftover leftover) throws IOException {
    if (ALL.remove(leftover)) {
      leftover.end();
    }
  }

  private synchronized void addHook() {
    if (!isHooked && !isStopping) {
      isHooked = true;
      Runtime.getRuntime().addShutdownHook(new Thread(this::endAll, "khonsu-torture-stop"));
    }
  }

  private synchronized void push(Leftover leftover) throws IOException {
    if (isStopping) {
      throw new IOException("this process is being stopped");
    }
    newestFirst.push(leftover);
  }

  private synchronized boolean remove(Leftover leftover) {
    return newestFirst.remove(leftover);
  }

  private synchronized List<Leftover> removeAll() {
    isStopping = true;
    List<Leftover> all = List.copyOf(newestFirst);
    newestFirst.clear();
    return all;
  }

  private void endAll() {
    List<Leftover> all = removeAll();
    endChildren();
    for (Leftover leftover : all) {
      try {
        leftover.end();
      } catch (IOException e) {
        LoggerFactory.getLogger(Leftovers.class)
            .atWarn()
            .setCause(e)
            .log("something is left behind");
      }
    }
  }

  private static void endChildren() {
    List<ProcessHandle> children = ProcessHandle.current().children().toList();
    children.forEach(ProcessHandle::destroyForcibly); // ends also who stands still
    for (ProcessHandle child : children) {
      var _ = child.onExit().completeOnTimeout(child, KILL_SECONDS_MAX, TimeUnit.SECONDS).join();
    }
  }
}
