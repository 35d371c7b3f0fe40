package io.khonsu.consensus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Serves entries and snapshots to replicas that fetch them. It remembers nothing of who asked. */
final class Library {
  private final Core core;
  private final Ledger ledger;

  Library(Core core) {
    this.core = core;
    this.ledger = core.ledger();
  }

  /** Serves a synchronization: from a leader, or from who promised and waits to be led. */
  void onFetchEntries(int from, Message.FetchEntries message) {
    EntryLog log = ledger.log();
    boolean mine =
        message.ballot().equals(ledger.promise())
            && (core.is(Role.LEADER, Phase.ACCEPT) || core.is(Role.FOLLOWER, Phase.PREPARE));
    if (!mine
        || message.from() < log.start()
        || message.to() > log.end()
        || message.from() >= message.to()) {
      return; // It notices, and asks for another synchronization.
    }
    List<Entries> page =
        log.range(message.from(), message.to(), core.options().limits().messageBytesMax());
    core.send(from, new Message.EntriesPage(message.ballot(), message.from(), page));
  }

  void onFetchSnapshot(Member from, Message.FetchSnapshot message) {
    if (message.offset() >= 0) {
      core.out()
          .read(
              new SnapshotRead(
                  from,
                  message.snapshot(),
                  message.offset(),
                  core.options().limits().messageBytesMax()));
    }
  }

  /** Sends on what the driver read. */
  void onSnapshotData(Input.SnapshotData data) {
    SnapshotRead read = data.read();
    if (data.sizeBytes() < 0) {
      core.send(read.requester(), new Message.SnapshotGone(read.snapshot()));
    } else {
      core.send(
          read.requester(),
          new Message.SnapshotChunk(
              read.snapshot(), read.offset(), data.sizeBytes(), data.bytes()));
    }
  }

  void onPullDecided(Member from, Message.PullDecided message) {
    EntryLog log = ledger.log();
    long to = Math.min(message.to(), ledger.decidedIndex());
    List<Entries> page = List.of();
    if (message.from() >= log.start() && message.from() < to) {
      page = log.range(message.from(), to, core.options().limits().messageBytesMax());
    }
    long snapshotIndex = ledger.snapshotIndex();
    if (message.from() < log.start() && snapshotIndex < log.start()) {
      snapshotIndex = 0; // It would leave a gap.
      core.event(new Event.SnapshotWanted(log.start()));
    }
    Metadata metadata = ledger.metadata();
    core.send(
        from,
        new Message.DecidedPage(
            message.from(),
            page,
            ledger.decidedIndex(),
            log.start(),
            snapshotIndex,
            metadata.configuration(),
            metadata.configurationStart(),
            metadata.promise()));
  }

  /** Tells {@code to} which configuration is in force, and who can bring it up to date. */
  void announce(Member to) {
    Metadata metadata = ledger.metadata();
    Configuration configuration = metadata.configuration();
    if (configuration == null) {
      return;
    }
    List<Member> sources = new ArrayList<>(configuration.members());
    addMissing(sources, metadata.previous());
    if (!sources.contains(core.self())) {
      sources.add(core.self());
    }
    sources.remove(to);
    core.send(to, new Message.Announce(configuration, metadata.configurationStart(), sources));
  }

  private static void addMissing(List<Member> sources, @Nullable Configuration configuration) {
    if (configuration == null) {
      return;
    }
    for (Member member : configuration.members()) {
      if (!sources.contains(member)) {
        sources.add(member);
      }
    }
  }
}
