package io.khonsu.distributed;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/**
 * Carries frames between nodes of one process, at once, unless one has forgotten the other; what is
 * cut off gets none.
 */
final class LocalNetwork {
  static final String THREAD = "network";

  /** By which nodes learn that frames have arrived. */
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(Thread.ofPlatform().name(THREAD).daemon().factory());

  private final Map<Long, Transport.Receiver> receivers = new ConcurrentHashMap<>();
  private final Map<Long, Set<Long>> strangers = new ConcurrentHashMap<>();
  private final Set<Long> cut = ConcurrentHashMap.newKeySet();
  private final Map<Long, UnaryOperator<byte[]>> changes = new ConcurrentHashMap<>();
  private final Map<Long, byte[]> lastWords = new ConcurrentHashMap<>();

  /** {@return a node's way to the others} */
  Transport of(long node) {
    Set<Long> forgotten = ConcurrentHashMap.newKeySet();
    strangers.put(node, forgotten);
    return new Transport() {
      @Override
      public void start(Receiver receiver) {
        receivers.put(node, receiver);
      }

      @Override
      public void send(long to, byte[] frame) {
        Receiver receiver = receivers.get(to);
        boolean knows = !strangers.getOrDefault(to, Set.of()).contains(node);
        if (receiver != null
            && knows
            && !forgotten.contains(to)
            && !cut.contains(node)
            && !cut.contains(to)) {
          byte[] arriving = changes.getOrDefault(to, UnaryOperator.identity()).apply(frame);
          byte[] last = lastWords.get(node);
          if (last != null && contains(frame, last)) {
            cut.add(node); // before anybody can answer
          }
          var _ = receiver.receive(node, arriving);
          THREADS.execute(receiver::received);
        }
      }

      @Override
      public boolean isPeer(long peer) {
        return !forgotten.contains(peer);
      }

      @Override
      public void setPeer(long peer, String address) {
        forgotten.remove(peer);
      }

      @Override
      public void removePeer(long peer) {
        forgotten.add(peer);
      }

      @Override
      public void close() {
        receivers.remove(node);
      }
    };
  }

  /** {@return whom a node has forgotten} */
  Set<Long> strangers(long node) {
    return Set.copyOf(strangers.getOrDefault(node, Set.of()));
  }

  /** Lets other frames arrive at a node than were sent, as if their senders had a defect. */
  void change(long node, UnaryOperator<byte[]> change) {
    changes.put(node, change);
  }

  void cutOff(long node) {
    cut.add(node);
  }

  /** Cuts a node off once it has sent a frame that contains some bytes, which still arrives. */
  void cutOffAfter(long node, byte[] contained) {
    lastWords.put(node, contained);
  }

  private static boolean contains(byte[] frame, byte[] contained) {
    for (int at = 0; at + contained.length <= frame.length; at++) {
      if (Arrays.equals(frame, at, at + contained.length, contained, 0, contained.length)) {
        return true;
      }
    }
    return false;
  }

  void join(long node) {
    cut.remove(node);
    lastWords.remove(node);
  }
}
