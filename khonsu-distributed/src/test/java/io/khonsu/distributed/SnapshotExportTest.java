package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.NodePresence;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.distributed.Checkpoint.Base;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.Mutation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A snapshot that goes from one disk to another, in chunks of any size. */
class SnapshotExportTest {
  private static final Member OTHER = new Member(2, 0);
  private static final SnapshotId ID = SnapshotId.complete(77);

  /** What the commits change does not matter here. */
  private static final SnapshotStaging.Check ANY =
      new SnapshotStaging.Check() {
        @Override
        public void begin(Checkpoint head) {}

        @Override
        public void part(CommittedTransaction part) {}

        @Override
        public void commit(CommittedTransaction commit) {}
      };

  private final ClusterConfig config = Nodes.config(5, 1, 1, 2);
  private KeyValueStore from;
  private KeyValueStore to;

  @BeforeEach
  void open() throws IOException {
    Nodes.Disks disks = Nodes.inMemory();
    from = disks.open(config, NodePresence.NEW);
    to = disks.open(Nodes.config(5, 2, 1, 2), NodePresence.NEW);
  }

  @AfterEach
  void close() throws IOException {
    from.close();
    to.close();
  }

  private static byte[] transaction(long version) {
    Mutation change = new Mutation.Delete(1, ByteBuffer.wrap(new byte[(int) version % 90 + 1]));
    return new CommittedTransaction(version, 3, List.of(change)).record().bytes();
  }

  /** {@return a snapshot with a base as of version 500 in three parts, and ten commits after it} */
  private SnapshotExport export() throws IOException {
    Bases bases = new Bases(from, config.group());
    AppliedCommits applied = new AppliedCommits(config, from);
    KeyValueBatch batch = new KeyValueBatch();
    long generation = bases.begin();
    long baseBytes = 0;
    long number = 0;
    for (long version : new long[] {1, 2, 500}) {
      byte[] part = transaction(version);
      bases.put(generation, number++, part, batch);
      baseBytes += AppliedCommits.sizeBytes(part.length);
    }
    long commitBytes = 0;
    for (long version = 510; version <= 600; version += 10) {
      byte[] commit = transaction(version);
      applied.write(new LogRecord(version, commit), 0, batch);
      commitBytes += AppliedCommits.sizeBytes(commit.length);
    }
    from.write(batch, Sync.SYNCED);
    Checkpoint checkpoint =
        new Checkpoint(
            77,
            9_000,
            1,
            500,
            600,
            4,
            10,
            new Checkpoint.Commits(0, commitBytes, 0),
            new Base(generation, 500, baseBytes),
            new byte[] {1, 2},
            new byte[] {3, 4, 5});
    return new SnapshotExport(checkpoint, bases, applied, 0);
  }

  private static SnapshotRead read(long offset, int maxBytes) {
    return new SnapshotRead(OTHER, ID, offset, maxBytes);
  }

  private static List<StagedChunk> chunks(SnapshotExport export, int maxBytes) throws IOException {
    List<StagedChunk> chunks = new ArrayList<>();
    for (long offset = 0; offset < export.sizeBytes(); offset += chunks.getLast().bytes().size()) {
      SnapshotRead read = read(offset, maxBytes);
      assertThat(export.canRead(read)).isTrue();
      Bytes bytes = export.read(read);
      chunks.add(new StagedChunk(ID, OTHER, offset, export.sizeBytes(), bytes));
    }
    return chunks;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 7, 64, 250, 1 << 20})
  void snapshot_isTheSame_onTheOtherDisk(int maxBytes) throws Exception {
    try (SnapshotExport export = export()) {
      Bases bases = new Bases(to, config.group());
      bases.begin(); // so that the generations differ
      AppliedCommits applied = new AppliedCommits(config, to);
      List<StagedChunk> chunks = chunks(export, maxBytes);
      SnapshotStaging staging = new SnapshotStaging(chunks.getFirst(), to, bases, applied, ANY);
      for (StagedChunk chunk : chunks) {
        staging.add(chunk);
      }
      Checkpoint taken = staging.finish(ID);
      assertThat(taken.base().generation()).isEqualTo(2);
      assertThat(taken.members()).containsExactly(1, 2);
      applied.restart(taken);
      try (SnapshotExport again = new SnapshotExport(taken, bases, applied, 0)) {
        assertThat(again.sizeBytes()).isEqualTo(export.sizeBytes());
        StagedChunk all = chunks(again, 1 << 20).getFirst();
        assertThat(all.bytes().size()).isEqualTo((int) export.sizeBytes());
      }
    }
  }

  @Test
  void chunk_canBeReadAgain_butNoOtherOutOfOrder() throws Exception {
    try (SnapshotExport export = export()) {
      Bytes first = export.read(read(0, 100));
      assertThat(export.canRead(read(0, 100))).isTrue();
      assertThat(export.read(read(0, 100)).toArray()).isEqualTo(first.toArray());
      Bytes second = export.read(read(100, 100));
      assertThat(export.canRead(read(0, 100))).isFalse();
      assertThat(export.canRead(read(300, 100))).isFalse();
      assertThat(export.canRead(new SnapshotRead(OTHER, SnapshotId.complete(78), 200, 100)))
          .isFalse();
      assertThat(export.read(read(100, 100)).toArray()).isEqualTo(second.toArray());
    }
  }

  /** What was written after it was begun does not change it. */
  @Test
  void export_staysWhatItWas() throws Exception {
    try (SnapshotExport export = export()) {
      new AppliedCommits(config, from).reclaim(600);
      new Bases(from, config.group()).reclaimBefore(new Checkpoint.Base(2, 600, 0));
      assertThat(chunks(export, 100)).isNotEmpty();
    }
  }

  @Test
  void damagedSnapshot_isRefused() throws Exception {
    byte[] whole;
    try (SnapshotExport export = export()) {
      whole = export.read(read(0, 1 << 20)).toArray();
    }
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x41;
      assertThatThrownBy(() -> stage(damaged, damaged.length))
          .as("byte %d", at)
          .isInstanceOf(BadSnapshotException.class);
    }
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> stage(cut, whole.length))
          .as("%d bytes", length)
          .isInstanceOf(BadSnapshotException.class);
      if (length > 0) {
        assertThatThrownBy(() -> stage(cut, cut.length))
            .as("%d bytes", length)
            .isInstanceOf(BadSnapshotException.class);
      }
    }
  }

  private void stage(byte[] bytes, long sizeBytes) throws IOException, BadSnapshotException {
    StagedChunk chunk = new StagedChunk(ID, OTHER, 0, sizeBytes, Bytes.copyOf(bytes));
    SnapshotStaging staging =
        new SnapshotStaging(
            chunk, to, new Bases(to, config.group()), new AppliedCommits(config, to), ANY);
    staging.add(chunk);
    var _ = staging.finish(ID);
  }
}
