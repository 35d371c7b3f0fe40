package io.khonsu.consensus;

/** What the other members last said about their logs, by slot. */
final class PeerStates {
  private final long[] accepted;
  private final long[] decided;
  private final long[] compacted;

  PeerStates(int size) {
    accepted = new long[size];
    decided = new long[size];
    compacted = new long[size];
  }

  /** Takes what a member says is on its disk; none of it ever falls. */
  void heard(int slot, Message.HeartbeatReply reply) {
    accepted[slot] = Math.max(accepted[slot], reply.durableAccepted());
    decided[slot] = Math.max(decided[slot], reply.durableDecided());
    compacted[slot] = Math.max(compacted[slot], reply.compactedIndex());
  }

  /** {@return how many entries the member had accepted; some may be overwritten since} */
  long accepted(int slot) {
    return accepted[slot];
  }

  /** {@return how many entries the member has decided, at least} */
  long decided(int slot) {
    return decided[slot];
  }

  /** {@return the first entry that the member keeps, at least} */
  long compacted(int slot) {
    return compacted[slot];
  }
}
