package io.khonsu.consensus;

import io.khonsu.consensus.Event.Retired;

/**
 * The last duty of a replica that a reconfiguration removed: it tells the members of the new
 * configuration about it until so many have arrived there that they need nobody else.
 */
final class Handover {
  private final Core core;
  private final Library library;
  private boolean[] arrived = {};
  private boolean active;

  Handover(Core core, Library library) {
    this.core = core;
    this.library = library;
  }

  /**
   * Begins in the configuration in force; there is something to do if that removed this replica.
   */
  void begin() {
    Configuration previous = core.ledger().metadata().previous();
    active = core.role() == Role.PASSIVE && previous != null && previous.contains(core.self());
    arrived = new boolean[core.size()];
    resend();
  }

  void onArrived(Member from, long configuration) {
    int slot = core.slot(from);
    if (!active || slot == Core.NOBODY || configuration < core.configurationId()) {
      return;
    }
    arrived[slot] = true;
    int count = 0;
    for (boolean one : arrived) {
      count += one ? 1 : 0;
    }
    Quorums quorums = core.quorums();
    Configuration configurationInForce = core.ledger().metadata().configuration();
    if (count >= Math.max(quorums.prepare(), quorums.accept()) && configurationInForce != null) {
      active = false;
      core.event(new Retired(configurationInForce));
    }
  }

  /** Tells again who has not arrived. */
  void resend() {
    if (!active) {
      return;
    }
    for (int slot = 0; slot < core.size(); slot++) {
      if (!arrived[slot]) {
        library.announce(core.members().get(slot));
      }
    }
  }
}
