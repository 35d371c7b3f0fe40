package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Once all tables were dropped, that is a state as any other, and a base can be made of it. */
class BasesOfNothingTest extends SteppedNodes {
  private static final long DROPPED = 1_000_030;

  /** Drops the table on all, then lets requests be refused; {@return the next version} */
  private static long drop(List<Node> all, int refusals) throws IOException {
    Node first = all.getFirst();
    byte[] late = first.update(0, 2, "late ");
    byte[] drop = first.drop();
    for (Node node : all) {
      node.commit(DROPPED, drop);
      for (int i = 1; i <= refusals; i++) {
        node.commit(DROPPED + i, late);
      }
      node.forgetBefore(DROPPED + refusals + 1);
    }
    return DROPPED + refusals + 10;
  }

  private static void makeBase(Node node) throws IOException {
    node.checkpoint();
    node.changeBase();
    assertThat(node.checkpoints.commits().trimmedVersion()).isEqualTo(DROPPED);
    assertThat(node.checkpoints.firstEntry()).isEqualTo(node.state.appliedIndex());
  }

  /** A table that is created later gets its own number, and has its own rows. */
  private static void createAgain(List<Node> all, long version) throws IOException {
    byte[] creation = all.getFirst().store.request(TEXTS);
    for (Node node : all) {
      assertThat(node.store.store().tables()).isEmpty();
      node.commit(version, creation);
    }
    commit(all, version + 1, 3, 5, "again ");
    for (Node node : all) {
      assertThat(node.rows()).hasSize(2).isEqualTo(all.getFirst().rows());
      assertThat(node.store.lastTableId()).isEqualTo(2);
      assertThat(node.state.hash()).isEqualTo(all.getFirst().state.hash());
    }
  }

  @Test
  void entriesThatWereRefused_goWithTheBase_andANodeStartsFromIt() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    Node other = node(disk());
    List<Node> both = List.of(node, other);
    begin(both);
    commit(both, 1_000_020, 0, 10, "one ");
    long version = drop(both, 100);
    makeBase(node);
    Node again = node(disk);
    assertThat(again.store.newestVersion()).isEqualTo(DROPPED);
    assertThat(again.checkpoints.commits().id()).isEqualTo(other.checkpoints.commits().id());
    createAgain(List.of(again, other), version);
    assertThat(versionsAfter(again, DROPPED)).containsExactly(version, version + 1);
    assertThatThrownBy(() -> versions(again)).hasMessageContaining("are not kept any more");
    again.checkpoint();
    assertThat(node(disk).rows()).isEqualTo(other.rows());
    commit(List.of(again, other), version + 2, 0, 10, "more ");
    again.forgetBefore(version + 2);
    again.checkpoint();
    again.changeBase(); // which has a table again
    assertThat(node(disk).rows()).isEqualTo(other.rows());
  }

  private static List<Long> versionsAfter(Node node, long version) throws IOException {
    List<Long> versions = new ArrayList<>();
    node.checkpoints.commits().read(version, record -> versions.add(record.version()));
    return versions;
  }

  /** Whether it has the table still, or nothing at all; and whether there is one again there. */
  @Test
  void nodeThatFetchesTheState_losesItsTables_andStartsFromIt() throws Exception {
    KeyValueStore disk = disk();
    KeyValueStore emptyDisk = disk();
    Node behind = node(disk);
    Node empty = node(emptyDisk);
    Node source = node(disk());
    List<Node> two = List.of(behind, source);
    begin(two);
    commit(two, 1_000_020, 0, 10, "one ");
    long version = drop(List.of(source), 100);
    makeBase(source);
    List<StagedChunk> chunks = source.snapshot();
    for (Node node : List.of(behind, empty)) {
      for (StagedChunk chunk : chunks) {
        node.stage(chunk);
      }
      node.install(chunks.getLast());
      assertThat(node.store.newestVersion()).isEqualTo(DROPPED);
    }
    Node behindAgain = node(disk);
    List<StagedChunk> second = behindAgain.snapshot(); // what it got it can give
    assertThat(second.getFirst().sizeBytes()).isEqualTo(chunks.getFirst().sizeBytes());
    createAgain(List.of(source, behind, empty, behindAgain, node(emptyDisk)), version);
  }

  @Test
  void stateWithoutTables_andCommitsAfterIt_isFetchedAsAWhole() throws Exception {
    KeyValueStore disk = disk();
    Node source = node(disk());
    Node empty = node(disk);
    begin(List.of(source));
    commit(List.of(source), 1_000_020, 0, 10, "one ");
    long version = drop(List.of(source), 100);
    makeBase(source);
    createAgain(List.of(source), version);
    source.checkpoint();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks) {
      empty.stage(chunk);
    }
    empty.install(chunks.getLast());
    assertThat(empty.rows()).isEqualTo(source.rows());
    assertThat(node(disk).rows()).isEqualTo(source.rows());
  }
}
