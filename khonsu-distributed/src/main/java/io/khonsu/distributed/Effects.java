package io.khonsu.distributed;

import io.khonsu.consensus.Decided;
import io.khonsu.consensus.Durability;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Output;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what the steps of a replica ask for, and carries it out: one write for all of them, then
 * what had to wait for it. Event loop only.
 */
final class Effects {
  /** Takes decided entries. */
  interface Applier {
    /** Applies a run of entries. */
    void apply(long firstIndex, Entries run) throws IOException;
  }

  /** Steps, and what comes of them. */
  interface Steps {
    /** {@return whether there was anything to do} */
    boolean take() throws IOException;
  }

  private final Replica replica;
  private final KeyValueStore disk;
  private final ConsensusLog log;
  private final Checkpoints checkpoints;
  private final Consumer<Envelope> sender;
  private final Set<Defect> defects;

  private KeyValueBatch batch = new KeyValueBatch();
  private Sync sync = Sync.WRITTEN;
  private long lastWrite;
  private long written;
  private final List<Envelope> held = new ArrayList<>();
  private final List<Output> results = new ArrayList<>();

  Effects(
      Replica replica,
      KeyValueStore disk,
      ConsensusLog log,
      Checkpoints checkpoints,
      Consumer<Envelope> sender,
      Set<Defect> defects) {
    this.replica = replica;
    this.disk = disk;
    this.log = log;
    this.checkpoints = checkpoints;
    this.sender = sender;
    this.defects = defects;
  }

  /** Takes steps; what the disk could not do for one of them is thrown as the disk has said it. */
  static boolean unwrapping(Steps steps) throws IOException {
    try {
      return steps.take();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Adds what a step asks for; what need not wait is sent at once. */
  void take(Output output) {
    if (output.isNothing()) {
      return;
    }
    List<Input> checked = new ArrayList<>();
    output.staged().forEach(chunk -> stage(chunk, checked));
    output.sendNow().forEach(sender);
    Persist persist = output.persist();
    if (persist != null) {
      if (persist.install() != null) {
        install(persist.install());
      }
      log.add(persist, batch);
      lastWrite = persist.number();
      if (persist.durability() == Durability.SYNC && !defects.contains(Defect.NO_SYNC)) {
        sync = Sync.SYNCED;
      }
    }
    held.addAll(output.sendAfterPersist());
    boolean hasResult =
        output.decided() != null || !output.events().isEmpty() || !output.snapshotReads().isEmpty();
    if (hasResult) {
      results.add(output);
    }
    checked.forEach(input -> take(replica.step(input)));
  }

  private void stage(StagedChunk chunk, List<Input> checked) {
    try {
      Input verdict = checkpoints.stage(chunk);
      if (verdict != null) {
        checked.add(verdict);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a part of a snapshot cannot be put aside", e);
    }
  }

  private void install(SnapshotId snapshot) {
    try {
      checkpoints.install(snapshot, batch);
    } catch (IOException e) {
      throw new UncheckedIOException("a snapshot cannot be installed", e);
    }
  }

  /**
   * Writes, sends and hands over until nothing is left to do.
   *
   * @return whether there was anything
   * @throws IOException if the write failed; the replica does nothing any more
   */
  boolean carryOut(Applier applier, Consumer<Event> events) throws IOException {
    boolean didWork = checkpoints.work();
    if (didWork) {
      checkpoint(); // there may be a new base
    }
    while (lastWrite > written || !held.isEmpty() || !results.isEmpty()) {
      didWork = true;
      boolean wrote = lastWrite > written;
      if (wrote) {
        write();
      }
      held.forEach(sender);
      held.clear();
      handOver(applier, events);
      if (wrote) {
        take(replica.step(new Input.Persisted(written)));
      }
    }
    return didWork;
  }

  private void write() throws IOException {
    AppliedCommits commits = checkpoints.commits();
    int count = commits.write(batch); // a few at a time: a checkpoint must not take long
    try {
      disk.write(batch, sync);
    } catch (IOException e) {
      var _ = replica.step(new Input.StorageFailed());
      throw e;
    }
    commits.written(count);
    log.written();
    written = lastWrite;
    batch = new KeyValueBatch();
    sync = Sync.WRITTEN;
  }

  private void checkpoint() throws IOException {
    Input.SnapshotTaken taken = checkpoints.takeIfDue();
    if (taken != null) {
      log.reclaim(disk, checkpoints.firstEntry()); // a checkpoint was synced
      log.snapshotTaken(taken.index());
      take(replica.step(taken));
    }
  }

  private static boolean isInstalled(Event event) {
    return event instanceof Event.SnapshotInstalled;
  }

  private void handOver(Applier applier, Consumer<Event> events) throws IOException {
    List<Output> taken = List.copyOf(results);
    results.clear();
    for (Output output : taken) {
      List<Event> installed = output.events().stream().filter(Effects::isInstalled).toList();
      if (!installed.isEmpty()) { // before the entries decided behind it
        checkpoints.installed();
        installed.forEach(events);
      }
      Decided decided = output.decided();
      if (decided != null) {
        long index = decided.firstIndex();
        for (Entries run : decided.entries()) {
          applier.apply(index, run);
          index += run.count();
        }
      }
      output.events().stream().filter(event -> !isInstalled(event)).forEach(events);
      for (SnapshotRead read : output.snapshotReads()) {
        take(replica.step(checkpoints.read(read)));
      }
    }
    checkpoint();
  }

  /**
   * Closes the disk.
   *
   * @param failure why the node has stopped, or null if nothing has failed: then the disk must not
   *     either, else what it says of its end, as when it is full, belongs to this
   */
  void close(@Nullable Throwable failure) {
    try (KeyValueStore _ = disk) {
      checkpoints.close();
    } catch (IOException e) {
      if (failure == null) {
        throw new UncheckedIOException("the disk of a node cannot be closed", e);
      }
      failure.addSuppressed(e);
    }
  }
}
