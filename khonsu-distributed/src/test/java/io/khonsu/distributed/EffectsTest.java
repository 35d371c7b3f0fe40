package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Decided;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Identity;
import io.khonsu.consensus.Output;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.ReplicaOptions;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore.Sync;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** In which order what a step asks for is carried out. */
class EffectsTest extends SteppedNodes {
  /**
   * Whoever waits for a commit that the snapshot has must learn that from the snapshot, before an
   * entry behind it says that his session has ended, and he commits once more.
   */
  @Test
  void installedSnapshot_isTold_beforeTheEntriesBehindItAreApplied() throws Exception {
    Node behind = node(disk());
    Node source = node(disk());
    begin(List.of(behind, source));
    commit(List.of(source), 1_000_020, 0, 10, "one ");
    source.checkpoint();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks) {
      behind.stage(chunk);
    }
    SnapshotId snapshot = chunks.getLast().snapshot();
    KeyValueBatch batch = new KeyValueBatch();
    behind.checkpoints.install(snapshot, batch);
    behind.disk.write(batch, Sync.SYNCED);

    Replica replica =
        Replica.bootstrap(
            new Identity(5, behind.config.member()),
            Configuration.of(1, List.of(behind.config.member())),
            ReplicaOptions.defaults());
    Effects effects =
        new Effects(
            replica,
            behind.disk,
            new ConsensusLog(behind.config.group()),
            behind.checkpoints,
            _ -> {},
            Set.of());
    Event.SnapshotInstalled installed = new Event.SnapshotInstalled(snapshot);
    Event.Trimmed other = new Event.Trimmed(1);
    Decided decided = new Decided(snapshot.index(), List.of(Entries.of(new byte[] {1})));
    effects.take(
        new Output(
            List.of(), null, List.of(), List.of(), decided, List.of(other, installed), List.of()));
    List<Object> order = new ArrayList<>();
    assertThat(
            effects.carryOut(
                (index, _) -> {
                  assertThat(behind.state.appliedIndex()).isEqualTo(snapshot.index());
                  order.add(index);
                },
                order::add))
        .isTrue();
    assertThat(order).containsExactly(installed, snapshot.index(), other);
  }
}
