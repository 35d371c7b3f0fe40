package io.khonsu.durable;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The holds on a log, which the state remembers. Thread-safe. */
final class LogHolds {
  private final StateStore state;
  private final ConcurrentMap<String, LogHold> byName = new ConcurrentHashMap<>();

  LogHolds(StateStore state) throws IOException {
    this.state = state;
    for (Map.Entry<String, Long> hold : state.holds().entrySet()) {
      byName.put(hold.getKey(), new LogHold(hold.getKey(), this, hold.getValue()));
    }
  }

  /** {@return the hold of a name: the one that is there, or a new one at a version} */
  LogHold hold(String name, long version) throws IOException {
    LogHold added = new LogHold(name, this, version);
    LogHold present = byName.putIfAbsent(name, added);
    if (present == null) {
      remember(added);
    }
    return present == null ? added : present;
  }

  void remember(LogHold hold) throws IOException {
    if (byName.get(hold.name()) == hold) {
      state.setHold(hold.name(), hold.version());
    }
  }

  void forget(LogHold hold) throws IOException {
    if (byName.remove(hold.name(), hold)) {
      state.setHold(hold.name(), null);
    }
  }

  /** {@return the oldest version that is held, or the greatest long} */
  long oldest() {
    return byName.values().stream().mapToLong(LogHold::version).min().orElse(Long.MAX_VALUE);
  }

  /** Tells the holds that the log begins after a version. */
  void breakAt(long trimmedVersion) {
    byName.values().forEach(hold -> hold.breakAt(trimmedVersion));
  }
}
