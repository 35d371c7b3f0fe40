package io.khonsu.benchmarks;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Clients that each write one item after the other, each in a transaction of its own, and wait for
 * it. A client is a virtual thread. Afterwards the last item of each is read back.
 */
final class ClusterLoad {
  private static final Logger LOG = Logger.getLogger(ClusterLoad.class.getName());

  /** All items together are about as large for each size. */
  private static final int ITEM_BYTES = 32 << 20;

  private static final int ITEMS_MAX = 100_000;

  private static final long PAUSE_NANOS = 5_000_000;

  /**
   * One load.
   *
   * @param clients how many there are, so how many commits are under way
   * @param valueBytes the size of a value, at least 4
   */
  record Setting(int clients, int valueBytes) {
    private static final int VALUE_BYTES_MAX = 1 << 20;

    /** Checks the ranges. */
    Setting {
      if (clients < 1 || valueBytes < Integer.BYTES || valueBytes > VALUE_BYTES_MAX) {
        throw new IllegalArgumentException(
            "a load has at least one client, and values of %d to %d bytes, but this has %d and %d"
                .formatted(Integer.BYTES, VALUE_BYTES_MAX, clients, valueBytes));
      }
    }

    /** {@return the load of {@code CLIENTSxBYTES}} */
    static Setting parse(String text) {
      String[] parts = text.split("x", -1);
      try {
        return new Setting(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw new IllegalArgumentException(
            "a load is CLIENTSxBYTES, such as 16x100, not " + text, e);
      }
    }

    /** {@return what {@link #parse} reads} */
    String text() {
      return clients + "x" + valueBytes;
    }

    /** {@return it for people} */
    String title() {
      String size = valueBytes < 1024 ? valueBytes + " B" : valueBytes / 1024 + " KiB";
      return size + ", " + clients + (clients == 1 ? " client" : " clients");
    }
  }

  private final CommitPath path;
  private final Setting setting;
  private final int itemCount;

  ClusterLoad(CommitPath path, Setting setting) {
    this.path = path;
    this.setting = setting;
    this.itemCount = Math.min(ITEMS_MAX, ITEM_BYTES / setting.valueBytes());
  }

  /**
   * {@return what was done in so many milliseconds; failures are counted, and the first is printed}
   *
   * @throws IllegalStateException if an item is not there
   */
  Rounds.Round run(long millis) throws Exception {
    List<Client> clients = new ArrayList<>();
    List<Future<?>> ends = new ArrayList<>();
    long started = System.nanoTime();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int number = 0; number < setting.clients(); number++) {
        Client client = new Client(number, started + millis * 1_000_000);
        clients.add(client);
        ends.add(threads.submit(client::run));
      }
    }
    long nanos = System.nanoTime() - started;
    Work work = new Work();
    Histogram latencies = new Histogram();
    for (int number = 0; number < setting.clients(); number++) {
      ends.get(number).get(); // throws what it threw
      clients.get(number).check();
      work.add(clients.get(number).work);
      latencies.add(clients.get(number).latencies);
    }
    return new Rounds.Round(work, nanos, latencies);
  }

  /**
   * Tries to commit until it is done once, as when a leader was lost.
   *
   * @param self this node, or 0 for a client
   * @param lost who led before, or 0
   * @return false if that is for another node to do, which leads now
   */
  static boolean probe(CommitPath path, int self, int lost) throws Exception {
    byte[] value = new byte[Integer.BYTES];
    while (true) {
      try {
        path.commit(0, value);
        return true;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception _) {
        int leader = path.leader();
        if (self != 0 && leader != 0 && leader != self && leader != lost) {
          return false;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private final class Client {
    private final SplittableRandom random;
    private final boolean isFirst;
    private final long endNanos;
    private final byte[] value = new byte[setting.valueBytes()];
    private final Work work = new Work();
    private final Histogram latencies = new Histogram();
    private int lastItem = -1;

    private Client(int number, long endNanos) {
      this.random = new SplittableRandom(number);
      this.isFirst = number == 0;
      this.endNanos = endNanos;
      random.nextBytes(value);
    }

    private Void run() throws Exception {
      for (long before = System.nanoTime(); before < endNanos; ) {
        int item = random.nextInt(itemCount);
        byte[] written = value.clone();
        ByteBuffer.wrap(written).putInt(item);
        boolean isDone = tryCommit(item, written);
        long after = System.nanoTime();
        if (isDone) {
          work.commits++;
          latencies.record(after - before);
          lastItem = item;
        }
        before = after;
      }
      return null;
    }

    private boolean tryCommit(int item, byte[] written) throws Exception {
      try {
        path.commit(item, written);
        return true;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        if (work.failures++ == 0 && isFirst) {
          LOG.log(Level.WARNING, "a commit failed", e);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
        return false;
      }
    }

    /** The item may have got another client's value since, but one of its own. */
    private void check() throws Exception {
      byte @Nullable [] found = lastItem < 0 ? null : path.read(lastItem);
      if (found != null
          && (found.length != value.length || ByteBuffer.wrap(found).getInt() != lastItem)) {
        throw new IllegalStateException("item " + lastItem + " was lost");
      }
    }
  }
}
