package io.khonsu.distributed;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Carries frames between nodes of one process, at once; what is cut off gets none. */
final class LocalNetwork {
  private final Map<Long, Transport.Receiver> receivers = new ConcurrentHashMap<>();
  private final Set<Long> cut = ConcurrentHashMap.newKeySet();

  /** {@return a node's way to the others} */
  Transport of(long node) {
    return new Transport() {
      @Override
      public void start(Receiver receiver) {
        receivers.put(node, receiver);
      }

      @Override
      public void send(long to, byte[] frame) {
        Receiver receiver = receivers.get(to);
        if (receiver != null && !cut.contains(node) && !cut.contains(to)) {
          var _ = receiver.receive(node, frame);
        }
      }

      @Override
      public void close() {
        receivers.remove(node);
      }
    };
  }

  void cutOff(long node) {
    cut.add(node);
  }

  void join(long node) {
    cut.remove(node);
  }
}
