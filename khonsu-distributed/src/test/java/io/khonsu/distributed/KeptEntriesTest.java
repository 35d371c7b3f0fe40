package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commits that are kept in the entries of the log, and what else has to stay for them. */
class KeptEntriesTest extends SteppedNodes {
  @Test
  void entryThatIsMissing_whoseCommitsTheBaseDoesNotHave_isFound_whenTheNodeStarts()
      throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    long index = node.state.appliedIndex();
    commit(List.of(node), 1_000_020, 0, 10, "one ");
    commit(List.of(node), 1_000_030, 0, 10, "two ");
    node.checkpoint();
    assertThat(node(disk).rows()).isEqualTo(node.rows());
    node.reclaimEntries(index, index + 1);
    assertThatThrownBy(() -> node(disk))
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("entry %d of group 1 is missing", index);
    assertThatThrownBy(() -> node.checkpoints.commits().read(0, _ -> {}))
        .isInstanceOf(DamagedStorageException.class);
  }

  @Test
  void commitIsWrittenOnce_asPartOfItsEntry() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 100, "one ");
    node.checkpoint();
    assertThat(node.checkpoints.commits().sizeBytes()).isGreaterThan(50_000);
    int keptBytes = 0;
    try (KeyValueStore.Cursor all = disk.cursor(AppliedCommits.COMMITS, new byte[0], null)) {
      while (all.next()) {
        keptBytes += all.value().length;
      }
    }
    assertThat(keptBytes).isLessThan(2_000); // with the creation of the table, which has its number
    List<Long> versions = new ArrayList<>();
    node.checkpoints
        .commits()
        .read(
            1_000_010,
            record -> {
              versions.add(record.version());
              assertThat(TransactionCodec.decode(record.bytes()).transactionId())
                  .isEqualTo(CommitIds.of(1, 1_000_020));
            });
    assertThat(versions).containsExactly(1_000_020L);
  }

  /** Requests that change nothing take room in the log, but nobody needs them later. */
  @Test
  void entriesWithoutCommits_areNotKept_forACommitLongAgo() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    commit(List.of(node), 1_000_020, 0, 2, "one ");
    byte[] refused = node.store.request(TEXTS); // it is there already
    long version = 1_000_030;
    for (int round = 0; round < 400; round++) {
      node.commit(version++, refused);
    }
    node.forgetBefore(version);
    node.checkpoint();
    node.changeBase();
    long end = node.state.appliedIndex();
    assertThat(node.checkpoints.firstEntry()).isEqualTo(end);
    node.commit(version, refused);
    node.checkpoint();
    assertThat(node.checkpoints.firstEntry()).isGreaterThan(end);
    assertThat(node(disk).rows()).isEqualTo(node.rows());
  }

  /** What the node applies while it fetches refers to entries, and stays readable afterwards. */
  @Test
  void commitsThatAreApplied_whileAStateIsFetched_stayReadable() throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    source.checkpoints.commits().hold(0);
    commit(both, 1_000_020, 0, 3, "one ");
    LogEntry entry = entry(source);
    var _ = source.apply(entry);
    commit(List.of(source), 1_000_040, 7, 9, "four ");
    source.checkpoint();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks) {
      behind.stage(chunk);
    }
    var _ = behind.apply(entry);
    behind.write(); // over what was fetched
    behind.install(chunks.getLast());
    assertThat(behind.rows()).isEqualTo(source.rows());
    behind.reclaimEntries(0, behind.checkpoints.firstEntry());
    assertThat(node(disk).rows()).isEqualTo(source.rows());
    assertThat(versions(behind)).isEqualTo(versions(source)).doesNotHaveDuplicates();
  }

  private static LogEntry entry(Node source) {
    return new LogEntry.Batch(
        1,
        1_000_030,
        List.of(
            submission(1_000_030, source.update(0, 3, "two ")),
            submission(1_000_031, source.update(5, 8, "three ")),
            submission(1_000_032, source.update(8, 10, "four "))));
  }

  /** {@return a snapshot whose base ends behind the first commit of an entry} */
  private static List<StagedChunk> snapshotFromWithinAnEntry(Node source) throws IOException {
    source.forgetBefore(1_000_030);
    commit(List.of(source), 1_000_050, 7, 9, "four ");
    source.checkpoint();
    source.changeBase();
    assertThat(source.checkpoints.commits().trimmedVersion()).isEqualTo(1_000_030);
    return source.snapshot();
  }

  /** Whether the entry is applied before the snapshot is fetched or after. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fetchedState_thatBeginsWithinAnEntry_takesNothingOfWhatIsHere(boolean isFetchedFirst)
      throws Exception {
    KeyValueStore disk = disk();
    Node behind = node(disk);
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    LogEntry entry = entry(source);
    var _ = source.apply(entry);
    List<StagedChunk> chunks = snapshotFromWithinAnEntry(source);
    if (!isFetchedFirst) {
      var _ = behind.apply(entry);
    }
    behind.checkpoint();
    for (StagedChunk chunk : chunks) {
      behind.stage(chunk);
    }
    if (isFetchedFirst) {
      var _ = behind.apply(entry);
      behind.checkpoint();
    }
    assertThat(versions(behind)).containsExactly(1_000_010L, 1_000_030L, 1_000_031L, 1_000_032L);
    assertThat(node(disk).rows()).isEqualTo(behind.rows());
  }

  /** Bytes that are cut off between two commits must not pass for fewer commits. */
  @Test
  void recordThatIsCutOffBetweenCommits_isFound_byWhoReads() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    var _ = node.apply(entry(node));
    commit(List.of(node), 1_000_050, 7, 9, "four ");
    node.write();
    byte[] key = AppliedCommits.key(1, 0, 1_000_032);
    byte[] record = Objects.requireNonNull(disk.get(AppliedCommits.COMMITS, key));
    byte[] cut = Arrays.copyOf(record, record.length - 13);
    disk.write(new KeyValueBatch().put(AppliedCommits.COMMITS, key, cut), Sync.WRITTEN);
    List<Long> versions = new ArrayList<>();
    assertThatThrownBy(
            () -> node.checkpoints.commits().read(0, record0 -> versions.add(record0.version())))
        .as("read %s", versions)
        .isInstanceOf(DamagedStorageException.class);
  }

  /** Commits that are written in full need no entry. */
  @Test
  void entriesWhoseCommitsAreWrittenInFull_areNotKept() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk, Nodes.config(5, 1, 1, 2));
    begin(List.of(node));
    node.commit(1_000_011, node.store.request(BLOBS));
    for (int round = 0; round < 20; round++) {
      node.commit(1_000_020 + round, append(node, "a", "x".repeat(100_000)));
    }
    node.checkpoint();
    assertThat(node.checkpoints.firstEntry()).isEqualTo(node.state.appliedIndex());
  }

  /** What a node has kept before it was started again counts as well. */
  @Test
  void entriesThatWereKeptBeforeAStart_bringABaseAbout() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    byte[] refused = node.store.request(TEXTS);
    long version = 1_000_030;
    for (int start = 0; start < 10; start++) {
      for (int round = 0; round < 5; round++) {
        node.commit(version++, refused);
      }
      node.forgetBefore(version++);
      node.checkpoint();
      node = node(disk);
    }
    node.commit(version++, refused);
    node.checkpoint();
    node.finishBase();
    var _ = node.checkpoints.takeIfDue();
    assertThat(node.checkpoints.firstEntry()).isGreaterThan(40);
  }

  /** Whoever reads while entries are freed is told that they were trimmed, never of damage. */
  @Test
  void commitsThatAreTrimmed_whileAnotherThreadReads_areNoDamage() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    AtomicBoolean isDone = new AtomicBoolean();
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(() -> readUntil(isDone, node.checkpoints.commits()));
    long version = 1_000_020;
    for (int round = 0; round < 1_500; round++) {
      commit(List.of(node), version, 0, 3, "one ");
      if (round % 5 == 0) {
        node.forgetBefore(version);
        node.checkpoint();
        node.finishBase();
        if (node.checkpoints.takeIfDue() != null) {
          node.reclaimEntries(0, node.checkpoints.firstEntry());
        }
      }
      version += 10;
    }
    isDone.set(true);
    reader.get();
  }

  private static void readUntil(AtomicBoolean isDone, AppliedCommits commits) {
    while (!isDone.get()) {
      List<Long> versions = new ArrayList<>();
      try {
        commits.read(commits.trimmedVersion(), record -> versions.add(record.version()));
      } catch (IllegalArgumentException e) {
        assertThat(e).hasMessageContaining("are not kept any more");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      for (int i = 1; i < versions.size(); i++) {
        assertThat(versions.get(i)).isEqualTo(versions.get(i - 1) + 10);
      }
    }
  }

  /** Whatever byte is another one: who reads is told, or reads what was written. */
  @Test
  void byteThatIsAnother_isFound_byWhoReads() throws Exception {
    KeyValueStore disk = disk();
    Node node = node(disk);
    begin(List.of(node));
    long index = node.state.appliedIndex();
    var _ = node.apply(entry(node));
    commit(List.of(node), 1_000_050, 7, 9, "five ");
    node.write();
    List<Long> expected = versions(node);
    List<String> wrong = new ArrayList<>();
    flip(disk, AppliedCommits.COMMITS, AppliedCommits.key(1, 0, 1_000_032), node, expected, wrong);
    flip(disk, ConsensusLog.ENTRIES, ConsensusLog.key(1, index), node, expected, wrong);
    assertThat(wrong).isEmpty();
  }

  private static void flip(
      KeyValueStore disk,
      String space,
      byte[] key,
      Node node,
      List<Long> expected,
      List<String> wrong)
      throws IOException {
    byte[] whole = Objects.requireNonNull(disk.get(space, key));
    for (int at = 0; at < whole.length; at++) {
      for (int bit = 0; bit < 8; bit += 3) {
        byte[] other = whole.clone();
        other[at] ^= (byte) (1 << bit);
        disk.write(new KeyValueBatch().put(space, key, other), Sync.WRITTEN);
        List<Long> found = new ArrayList<>();
        try {
          node.checkpoints.commits().read(0, record -> found.add(record.version()));
          if (!found.equals(expected)) {
            wrong.add("%s %d.%d: read %s".formatted(space, at, bit, found));
          }
        } catch (IOException _) {
          // it was found
        } catch (RuntimeException e) {
          wrong.add("%s %d.%d: %s".formatted(space, at, bit, e));
        }
      }
    }
    disk.write(new KeyValueBatch().put(space, key, whole), Sync.WRITTEN);
  }
}
