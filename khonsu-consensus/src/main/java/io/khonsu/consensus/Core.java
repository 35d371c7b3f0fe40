package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the parts of a replica share: who it is, what it remembers, and where it sends. */
final class Core {
  /** A snapshot that was refused is followed by a pause of at most two to that power. */
  private static final int FETCH_PAUSE_SHIFT_MAX = 6;

  /** Nobody: a member that is not in the configuration in force. */
  static final int NOBODY = -1;

  private final Member self;
  private final long clusterId;
  private final ReplicaOptions options;
  private final Deviations deviations;
  private final Ledger ledger;
  private final Outbox out = new Outbox();

  private Role role = Role.PASSIVE;
  private Phase phase = Phase.NONE;
  private List<Member> members = List.of();
  private Quorums quorums = new Quorums(1, 1);
  private int selfSlot = NOBODY;
  private PeerStates peers = new PeerStates(0);

  private @Nullable SnapshotFetch fetch;

  /** How many snapshots in a row were refused. */
  private int refusedSnapshots;

  /** For how many resend timeouts nothing is asked of a snapshot. */
  private int fetchPause;

  private long synchronizations;
  private long gaps;
  private long refused;

  Core(Ledger ledger, ReplicaOptions options, Deviations deviations) {
    Identity identity = ledger.metadata().identity();
    this.self = identity.member();
    this.clusterId = identity.clusterId();
    this.options = options;
    this.deviations = deviations;
    this.ledger = ledger;
  }

  /** Takes the members and quorums of the configuration in force. */
  void enterConfiguration() {
    Configuration configuration = ledger.metadata().configuration();
    members = configuration == null ? List.of() : configuration.members();
    if (configuration != null) {
      quorums = quorums(configuration, ledger.metadata().previous());
    }
    peers = new PeerStates(members.size());
    selfSlot = slot(self);
    role = selfSlot == NOBODY ? Role.PASSIVE : Role.FOLLOWER;
    phase = Phase.NONE;
  }

  private Quorums quorums(Configuration configuration, @Nullable Configuration previous) {
    Quorums sizes = configuration.quorums();
    if (deviations.has(Deviation.OLD_QUORUMS_AFTER_STOP_SIGN) && previous != null) {
      sizes = previous.quorums();
    }
    if (deviations.has(Deviation.ACCEPT_QUORUM_PREPARES)) {
      sizes = new Quorums(/* prepare= */ sizes.accept(), sizes.accept());
    }
    int less = deviations.has(Deviation.LEAD_ON_MINORITY) ? 1 : 0;
    int fewer = deviations.has(Deviation.DECIDE_ON_MINORITY) ? 1 : 0;
    return new Quorums(Math.max(1, sizes.prepare() - less), Math.max(1, sizes.accept() - fewer));
  }

  Member self() {
    return self;
  }

  int selfSlot() {
    return selfSlot;
  }

  long clusterId() {
    return clusterId;
  }

  ReplicaOptions options() {
    return options;
  }

  boolean deviates(Deviation deviation) {
    return deviations.has(deviation);
  }

  Ledger ledger() {
    return ledger;
  }

  Outbox out() {
    return out;
  }

  Role role() {
    return role;
  }

  Phase phase() {
    return phase;
  }

  boolean is(Role otherRole, Phase otherPhase) {
    return role == otherRole && phase == otherPhase;
  }

  void become(Role newRole, Phase newPhase) {
    role = newRole;
    phase = newPhase;
  }

  void become(Phase newPhase) {
    phase = newPhase;
  }

  List<Member> members() {
    return members;
  }

  /** {@return how many members there are} */
  int size() {
    return members.size();
  }

  Quorums quorums() {
    return quorums;
  }

  PeerStates peers() {
    return peers;
  }

  /** {@return the id of the configuration in force, or 0 if there is none} */
  long configurationId() {
    Configuration configuration = ledger.metadata().configuration();
    return configuration == null ? 0 : configuration.id();
  }

  /** {@return a number above all rounds that this replica used before it restarted} */
  long firstRound() {
    return ledger.metadata().starts() << 32;
  }

  /** {@return the place of {@code member} among the members, or {@link #NOBODY}} */
  int slot(Member member) {
    for (int i = 0; i < members.size(); i++) {
      Member candidate = members.get(i);
      if (candidate.node() == member.node()) {
        return candidate.incarnation() == member.incarnation()
                || deviations.has(Deviation.IGNORE_INCARNATION)
            ? i
            : NOBODY;
      }
    }
    return NOBODY;
  }

  /** {@return the place of the member with that node, or {@link #NOBODY}} */
  int slotOfNode(long node) {
    for (int i = 0; i < members.size(); i++) {
      if (members.get(i).node() == node) {
        return i;
      }
    }
    return NOBODY;
  }

  /** Sends what promises nothing about storage. */
  void send(Member to, Message message) {
    out.now(new Envelope(clusterId, configurationId(), self, to, message));
  }

  void send(int slot, Message message) {
    send(members.get(slot), message);
  }

  /** Sends what may leave only when everything until now is durable. */
  void sendAfterPersist(Member to, Message message) {
    if (deviations.has(Deviation.SEND_BEFORE_PERSIST)) {
      send(to, message);
      return;
    }
    out.afterPersist(new Envelope(clusterId, configurationId(), self, to, message));
  }

  void sendAfterPersist(int slot, Message message) {
    sendAfterPersist(members.get(slot), message);
  }

  /** Says in which configuration this replica is, once that is durable: who is not in it may go. */
  void sendArrived(Member to) {
    sendAfterPersist(to, new Message.Arrived(configurationId()));
  }

  /** Notes which fetch of a snapshot is the one under way. */
  void fetching(SnapshotFetch begun) {
    fetch = begun;
  }

  @SuppressWarnings("ReferenceEquality") // a fetch is that very object
  boolean isFetching(SnapshotFetch one) {
    return fetch == one;
  }

  /**
   * Takes what the driver says of a snapshot; {@return whether that is the one under way} After one
   * that is bad it takes the longer until something is asked for, the more there were.
   */
  boolean snapshotChecked(Input.SnapshotChecked checked) {
    SnapshotFetch running = fetch;
    if (running == null || !running.isFrom(checked.source(), checked.snapshot())) {
      return false;
    }
    if (checked.isGood()) {
      running.checked();
      refusedSnapshots = 0;
    } else {
      fetch = null;
      fetchPause = 1 << Math.min(refusedSnapshots, FETCH_PAUSE_SHIFT_MAX);
      refusedSnapshots++;
    }
    return true;
  }

  boolean isFetchPaused() {
    return fetchPause > 0;
  }

  /** Notes that a resend timeout is over. */
  void resendDue() {
    fetchPause = Math.max(0, fetchPause - 1);
  }

  void event(Event event) {
    out.event(event);
  }

  void countSynchronization() {
    synchronizations++;
  }

  void countGap() {
    gaps++;
  }

  void countRefused() {
    refused++;
  }

  long synchronizations() {
    return synchronizations;
  }

  long gaps() {
    return gaps;
  }

  long refused() {
    return refused;
  }
}
