package io.khonsu.server.torture;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What stands between one node and another that it calls: it passes bytes on, both ways, and can
 * keep them, hang up, or be slow. Thread-safe; close it.
 *
 * <p>It works on bytes of connections, which arrive once and in order, or not at all. So it has no
 * way to lose, double or reorder some of them: a network that does so shows as a delay, or as a
 * connection that ends.
 */
final class LinkProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 << 10;

  /** How the link is. */
  enum State {
    OPEN,
    /** Every piece of what is sent waits for a moment. */
    SLOW,
    /** Connections stay, and nothing comes through, either way. */
    STALLED,
    /** There are no connections, and no new ones. */
    CUT
  }

  private static final Duration SLOWNESS = Duration.ofMillis(30);

  private final ServerSocket listener;
  private final InetSocketAddress target;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Set<Pair> pairs = new HashSet<>();

  @GuardedBy("lock")
  private State state = State.OPEN;

  /** How often something has come through. */
  @GuardedBy("lock")
  private long passages;

  @GuardedBy("lock")
  private boolean isClosed;

  /** A connection, and its other half. */
  private record Pair(Socket near, Socket far) {
    private void close() {
      closeQuietly(near);
      closeQuietly(far);
    }
  }

  private LinkProxy(ServerSocket listener, InetSocketAddress target) {
    this.listener = listener;
    this.target = target;
  }

  /**
   * Listens.
   *
   * @param port on loopback; 0 takes one that is free
   * @param targetPort where the other node listens, on loopback
   */
  static LinkProxy open(int port, int targetPort) throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    ServerSocket listener = new ServerSocket(port, 16, loopback);
    LinkProxy proxy = new LinkProxy(listener, new InetSocketAddress(loopback, targetPort));
    Thread.ofVirtual().start(proxy::accept);
    return proxy;
  }

  private void accept() {
    while (true) {
      Socket near;
      try {
        near = listener.accept();
      } catch (IOException _) {
        return; // it was closed
      }
      Thread.ofVirtual().start(() -> connect(near));
    }
  }

  private void connect(Socket near) {
    Socket far = new Socket();
    Pair pair = new Pair(near, far);
    if (!add(pair)) {
      pair.close();
      return;
    }
    try {
      near.setTcpNoDelay(true);
      far.setTcpNoDelay(true);
      far.connect(target);
    } catch (IOException _) {
      end(pair); // the node does not run
      return;
    }
    Thread.ofVirtual().start(() -> pass(pair, near, far));
    Thread.ofVirtual().start(() -> pass(pair, far, near));
  }

  private boolean add(Pair pair) {
    lock.lock();
    try {
      return state != State.CUT && !isClosed && pairs.add(pair);
    } finally {
      lock.unlock();
    }
  }

  private void end(Pair pair) {
    lock.lock();
    try {
      pairs.remove(pair);
    } finally {
      lock.unlock();
    }
    pair.close();
  }

  private void pass(Pair pair, Socket from, Socket to) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        awaitOpen();
        out.write(buffer, 0, count);
        notePassage(pair);
      }
    } catch (IOException _) {
      // One end has gone, or the link was cut.
    } catch (InterruptedException _) {
      throw new AssertionError("nobody interrupts this thread");
    } finally {
      end(pair);
    }
  }

  /** Waits as long as nothing comes through, or for a moment if it is slow. */
  private void awaitOpen() throws InterruptedException {
    boolean isSlow;
    lock.lock();
    try {
      while (state == State.STALLED && !isClosed) {
        changed.await();
      }
      isSlow = state == State.SLOW;
    } finally {
      lock.unlock();
    }
    if (isSlow) {
      Thread.sleep(SLOWNESS);
    }
  }

  private void notePassage(Pair pair) {
    lock.lock();
    try {
      if (pairs.contains(pair)) { // or the link was cut meanwhile
        passages++;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until something comes through, as after the link was cut.
   *
   * @throws TimeoutException if nothing does
   */
  void awaitPassage(Duration timeout) throws InterruptedException, TimeoutException {
    lock.lockInterruptibly();
    try {
      long before = passages;
      long left = timeout.toNanos();
      while (passages == before) {
        if (left <= 0) {
          throw new TimeoutException(
              "nothing has come through to %s within %d s".formatted(target, timeout.toSeconds()));
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Cuts the link for a while, several times; each time something has come through since the last.
   *
   * @throws TimeoutException if nothing does
   */
  void cutAgainAndAgain(int times, Duration each, Duration timeout)
      throws InterruptedException, TimeoutException {
    for (int i = 0; i < times; i++) {
      set(State.CUT);
      Thread.sleep(each);
      set(State.OPEN);
      awaitPassage(timeout);
    }
  }

  /** {@return where it listens} */
  int port() {
    return listener.getLocalPort();
  }

  /** Makes the link so from now on. */
  void set(State next) {
    Set<Pair> ended = new HashSet<>();
    lock.lock();
    try {
      state = next;
      changed.signalAll();
      if (next == State.CUT) {
        ended.addAll(pairs);
        pairs.clear();
      }
    } finally {
      lock.unlock();
    }
    ended.forEach(Pair::close);
  }

  /** Ends all connections. */
  @Override
  public void close() {
    lock.lock();
    try {
      isClosed = true;
    } finally {
      lock.unlock();
    }
    set(State.CUT);
    try {
      listener.close();
    } catch (IOException _) {
      // Nobody can connect any more, which is what was wanted.
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException _) {
      // It is gone, which is what was wanted.
    }
  }
}
