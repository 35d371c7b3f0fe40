package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes and applies {@link LogSync}s. */
final class LogSyncs {
  private LogSyncs() {}

  /**
   * {@return how to make another's log equal to this one; null if that takes a snapshot which is
   * not there, and then asks the driver for one}
   *
   * @param prefix how many of the other's entries are surely the same as here
   * @param otherDecided how many the other has decided
   */
  static @Nullable LogSync create(Core core, long prefix, long otherDecided) {
    Ledger ledger = core.ledger();
    EntryLog log = ledger.log();
    long from = Math.min(prefix, log.end());
    SnapshotId snapshot = null;
    if (from < log.start()) {
      if (otherDecided >= log.start()) {
        from = log.start();
      } else if (ledger.snapshotIndex() >= log.start() && ledger.snapshotIndex() > 0) {
        snapshot = snapshotFor(ledger, otherDecided);
        from = snapshot.index();
      } else {
        core.event(new Event.SnapshotWanted(log.start()));
        return null;
      }
    }
    List<Entries> page = log.range(from, log.end(), core.options().limits().messageBytesMax());
    return new LogSync(snapshot, from, page, log.end());
  }

  private static SnapshotId snapshotFor(Ledger ledger, long otherDecided) {
    long index = ledger.snapshotIndex();
    boolean delta = otherDecided > 0 && otherDecided >= ledger.deltaFloor() && otherDecided < index;
    return new SnapshotId(index, delta ? otherDecided : 0);
  }

  /** {@return whether it leads on from what is here: from the decided index, if it is a delta} */
  static boolean isApplicable(Core core, LogSync sync) {
    SnapshotId snapshot = sync.snapshot();
    if (snapshot == null) {
      return sync.syncIndex() <= core.ledger().acceptedIndex();
    }
    return !snapshot.isDelta()
        || snapshot.base() == core.ledger().decidedIndex()
        || core.deviates(Deviation.NO_FIX_9_DELTA_BASE);
  }

  /** {@return whether to apply it would take back what was accepted in that ballot, or decided} */
  static boolean shrinks(Core core, Ballot round, LogSync sync) {
    Ledger ledger = core.ledger();
    return sync.endIndex() < ledger.decidedIndex()
        || (ledger.acceptedRound().equals(round) && sync.endIndex() < ledger.acceptedIndex());
  }

  /**
   * Makes the own log equal to the sender's, and notes that it was accepted in {@code round}; both
   * are in one write.
   *
   * @param entries all entries from the sync's index to its end
   * @param decided how much the sender knows to be decided
   */
  static void apply(Core core, Ballot round, LogSync sync, List<Entries> entries, long decided) {
    Ledger ledger = core.ledger();
    long oldDecided = ledger.decidedIndex();
    SnapshotId snapshot = sync.snapshot();
    if (snapshot != null && snapshot.index() > oldDecided) {
      boolean wrongBase =
          snapshot.isDelta() && core.deviates(Deviation.NO_FIX_3_DELTA_FROM_OLD_DECIDED);
      long base = wrongBase ? Math.clamp(decided, 1, snapshot.index() - 1) : snapshot.base();
      SnapshotId installed = new SnapshotId(snapshot.index(), base);
      ledger.install(installed);
      core.event(new Event.SnapshotInstalled(installed));
    }
    overwrite(core, sync.syncIndex(), entries);
    ledger.accepted(round);
    learnDecided(core, decided);
    core.countSynchronization();
  }

  /** Notes how much of the log is decided, as a synchronization told. */
  static void learnDecided(Core core, long decided) {
    Ledger ledger = core.ledger();
    long known = Math.min(decided, ledger.acceptedIndex());
    if (core.deviates(Deviation.NO_FIX_2_DECIDED_NEVER_FALLS)) {
      ledger.overwriteDecided(known);
    }
    ledger.decide(known);
  }

  private static void overwrite(Core core, long syncIndex, List<Entries> entries) {
    Ledger ledger = core.ledger();
    EntryLog log = ledger.log();
    boolean literally = core.deviates(Deviation.NO_FIX_10_SYNC_ABOVE_COMPACTED);
    // What is decided here is the same there: it stays, so that nothing decided is rewritten.
    long from = literally ? syncIndex : Math.max(syncIndex, keptPrefix(ledger));
    List<Entries> rest = from == syncIndex ? entries : Runs.skip(entries, from - syncIndex);
    if (core.deviates(Deviation.SYNC_WITHOUT_TRUNCATION) && log.end() > from) {
      long beyond = log.end() - from;
      rest = Runs.count(rest) > beyond ? Runs.skip(rest, beyond) : List.of();
      from = log.end();
    }
    if (core.deviates(Deviation.NO_FIX_11_STOP_SIGN_ONCE)
        && !entries.isEmpty()
        && entries.getLast().isStopSign()
        && ledger.stopSign() != null) {
      rest = Runs.concat(rest, entries.getLast());
    }
    ledger.overwrite(from, rest);
  }

  private static long keptPrefix(Ledger ledger) {
    return Math.max(ledger.log().start(), ledger.decidedIndex());
  }
}
