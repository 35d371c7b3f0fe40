package io.khonsu.consensus.deviation;

/**
 * A way to break the protocol on purpose. The first thirteen switch off a rule that OmniPaxos needs
 * beyond its usual descriptions; the others are plain mistakes. A test suite that is worth
 * something notices each.
 */
public enum Deviation {
  /** An AcceptSync leaves the position to send from as it was, and followers trust what comes. */
  NO_FIX_1_SEND_FROM_SYNC,
  /** A synchronization overwrites the decided index, even by a lower one. */
  NO_FIX_2_DECIDED_NEVER_FALLS,
  /** A delta snapshot is merged at the new decided index, not at the one it starts from. */
  NO_FIX_3_DELTA_FROM_OLD_DECIDED,
  /** A follower in the accept phase ignores a repeated Prepare. */
  NO_FIX_4_REPEATED_PREPARE,
  /** Trims below what all have accepted, not decided. */
  NO_FIX_5_TRIM_BELOW_DECIDED_BY_ALL,
  /** Sessions restart with a repeated Prepare, and old AcceptSyncs may shrink the log. */
  NO_FIX_6_STALE_SYNC,
  /** A leader never bumps its ballot for a straggler with a higher promise. */
  NO_FIX_7_STRAGGLER_BUMP,
  /** Repeated heartbeat replies of one replica count more than once. */
  NO_FIX_8_REPLIES_BY_SENDER,
  /** A delta is installed whatever the own decided index is. */
  NO_FIX_9_DELTA_BASE,
  /** A synchronization below the own compacted index is taken literally. */
  NO_FIX_10_SYNC_ABOVE_COMPACTED,
  /** A stop-sign that is already in the log is counted again when synchronized. */
  NO_FIX_11_STOP_SIGN_ONCE,
  /** A replica goes on after its storage failed. */
  NO_FIX_12_FAIL_STOP,
  /** Proposals that wait behind a stop-sign are kept silently. */
  NO_FIX_13_REJECT_BUFFERED,

  /** A promise is not written. */
  PROMISE_NOT_PERSISTED,
  /** What should wait for storage leaves at once. */
  SEND_BEFORE_PERSIST,
  /** The accepted ballot is not written with the log it belongs to. */
  ACCEPTED_ROUND_NOT_PERSISTED,
  /** The leader counts its own entries before they are durable. */
  COUNT_OWN_UNSYNCED,
  /** One acceptance less than the quorum decides. */
  DECIDE_ON_MINORITY,
  /** One promise less than the quorum ends the prepare phase. */
  LEAD_ON_MINORITY,
  /** An accept quorum, where that is the smaller one, is enough of promises. */
  ACCEPT_QUORUM_PREPARES,
  /** A follower accepts from a leader whose ballot is lower than its promise. */
  ACCEPT_LOWER_BALLOT,
  /** A promise is given for a lower ballot too. */
  PROMISE_LOWER_BALLOT,
  /** A new leader keeps its own log instead of the most recent promised one. */
  IGNORE_BEST_PROMISE,
  /** Of promised logs the longest wins, not the one accepted in the highest ballot. */
  LONGEST_LOG_WINS,
  /** A follower's accepted index is trusted although it was accepted in another ballot. */
  SYNC_FROM_ACCEPTED_INDEX,
  /** AcceptSync appends without cutting off what the follower has beyond. */
  SYNC_WITHOUT_TRUNCATION,
  /** The first page of a long synchronization is taken for all of it. */
  SYNC_FIRST_PAGE_ONLY,
  /** Neither gaps of sequence numbers nor of positions are noticed. */
  IGNORE_SEQUENCE_GAP,
  /** A restarted replica goes on leading with the ballot of before. */
  RESUME_BALLOT_AFTER_RESTART,
  /** The leader goes on appending behind a stop-sign in the same configuration. */
  APPEND_BEHIND_STOP_SIGN,
  /** The next configuration counts with the quorums of the previous one. */
  OLD_QUORUMS_AFTER_STOP_SIGN,
  /** The next configuration begins when its stop-sign is accepted, before it is decided. */
  SWITCH_ON_ACCEPTED_STOP_SIGN,
  /** A replica that catches up joins the next configuration before it has the log. */
  JOIN_WITHOUT_LOG,
  /** A replica that catches up does not promise what those have who bring it up to date. */
  FETCH_WITHOUT_PROMISE,
  /** A read is answered without asking the quorum. */
  READ_WITHOUT_CONFIRMATION,
  /** A new leader answers reads before its log is decided again. */
  READ_BEFORE_BARRIER,
  /** Replicas are known by their number alone: one that lost its storage may vote. */
  IGNORE_INCARNATION,
  /** Compacts entries that are not decided. */
  TRIM_UNDECIDED
}
