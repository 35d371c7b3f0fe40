package io.khonsu.simulation;

import io.khonsu.consensus.Durability;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.StagedChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The disk of one replica. It keeps what was synced; of later writes a crash leaves the first few,
 * as many as chance wants, and tears the one after them, which recovery notices and drops whole.
 */
final class SimulatedDisk {
  private final Payload payload;
  private final SplittableRandom random;
  private final Set<Sabotage> sabotage;
  private final Staging staging = new Staging();
  private final List<PendingWrite> pending = new ArrayList<>();

  private StorageImage durable;
  private StorageImage issued;
  private long tornWrites;

  SimulatedDisk(Payload payload, SplittableRandom random, Set<Sabotage> sabotage) {
    this.payload = payload;
    this.random = random;
    this.sabotage = sabotage;
    this.durable = new StorageImage(payload);
    this.issued = new StorageImage(payload);
  }

  /** {@return what a crash could not undo now} */
  StorageImage durable() {
    return durable;
  }

  /** {@return the replica's own view: everything that it asked to be written} */
  StorageImage issued() {
    return issued;
  }

  /** {@return how many writes crashes have undone, wholly or after they had begun} */
  long tornWrites() {
    return tornWrites;
  }

  void stage(StagedChunk chunk) {
    staging.add(chunk);
  }

  /** Begins a write. */
  void submit(Persist persist) {
    Chain content = persist.install() == null ? null : staging.take(persist.install());
    PendingWrite write = new PendingWrite(persist, content);
    issued.apply(write);
    pending.add(write);
  }

  /** {@return whether the write of this number has to be forced to the medium} */
  boolean isSync(long number) {
    return pending.stream()
        .anyMatch(write ->
            write.persist().number() == number && write.persist().durability() == Durability.SYNC);
  }

  /** Forces all writes up to {@code number} to the medium. */
  void sync(long number) {
    if (sabotage.contains(Sabotage.LYING_SYNC) && random.nextInt(4) == 0) {
      return;
    }
    int done = 0;
    while (done < pending.size() && pending.get(done).persist().number() <= number) {
      durable.apply(pending.get(done));
      done++;
    }
    pending.subList(0, done).clear();
  }

  /** Loses what chance does not leave of the writes that are not synced. */
  void crash() {
    int surviving = random.nextInt(pending.size() + 1);
    for (int i = 0; i < surviving; i++) {
      durable.apply(pending.get(i));
    }
    if (surviving < pending.size()) {
      tornWrites += pending.size() - surviving;
      if (sabotage.contains(Sabotage.SPLIT_WRITE)) {
        tear(pending.get(surviving).persist());
      }
    }
    pending.clear();
    staging.clear();
    reload();
  }

  /** Loses everything. */
  void wipe() {
    pending.clear();
    staging.clear();
    durable = new StorageImage(payload);
    reload();
  }

  /** The state machine's own state now durably covers {@code index} entries. */
  void snapshotTaken(int index) {
    durable.setSnapshot(index);
    issued.setSnapshot(index);
  }

  private void reload() {
    issued = durable.copy();
  }

  private void tear(Persist persist) {
    Metadata metadata = persist.metadata();
    if (metadata != null) {
      durable.apply(new PendingWrite(onlyMetadata(persist, metadata), /* snapshot= */ null));
    }
  }

  private Persist onlyMetadata(Persist persist, Metadata metadata) {
    return new Persist(
        persist.number(),
        persist.durability(),
        null,
        durable.compacted(),
        durable.log().length(),
        List.of(),
        durable.decided(),
        metadata);
  }

  /** {@return whether nothing was ever written} */
  boolean isBlank() {
    return durable.metadata() == null;
  }

  @Nullable Metadata metadata() {
    return durable.metadata();
  }
}
