package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.TransactionCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What another node sends may be no snapshot: nothing of it stays, and the node goes on. */
class BadSnapshotTest extends SteppedNodes {
  private KeyValueStore disk;
  private Node behind;
  private Node source;
  private List<StagedChunk> good;

  /** What is fetched has a base, and commits after it; who fetches has some of them. */
  @BeforeEach
  void begin() throws IOException {
    disk = disk();
    behind = node(disk);
    source = node(disk());
    begin(List.of(behind, source));
    commit(List.of(behind, source), 1_000_020, 0, 10, "one ");
    behind.checkpoint();
    commit(List.of(source), 1_000_030, 5, 15, "two ");
    source.forgetBefore(1_000_030);
    source.checkpoint();
    source.changeBase();
    commit(List.of(source), 1_000_040, 8, 20, "three ");
    source.checkpoint();
    good = source.snapshot();
  }

  private byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    good.forEach(chunk -> out.writeBytes(chunk.bytes().toArray()));
    return out.toByteArray();
  }

  /** {@return the checkpoint, the parts of the base and the commits} */
  private List<byte[]> parts() {
    ByteBuffer in = ByteBuffer.wrap(bytes());
    List<byte[]> parts = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] part = new byte[in.getInt()];
      in.get(part);
      parts.add(part);
    }
    return parts;
  }

  private static byte[] joined(List<byte[]> parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private long sizeOnDisk() throws IOException {
    long size = 0;
    for (String space : List.of(Bases.BASES, AppliedCommits.COMMITS, Checkpoints.CHECKPOINTS)) {
      try (KeyValueStore.Cursor all = disk.cursor(space, new byte[0], null)) {
        while (all.next()) {
          size += all.value().length;
        }
      }
    }
    return size;
  }

  /** Stages what arrives until it is known to be bad. */
  private void assertBad(String what, byte[] bytes, long sizeBytes) throws IOException {
    long before = sizeOnDisk();
    long refused = behind.checkpoints.refused();
    SnapshotId id = good.getFirst().snapshot();
    Input.SnapshotChecked checked = null;
    for (int at = 0; at < bytes.length && checked == null; at += 1_000) {
      Bytes part = Bytes.copyOf(bytes, at, Math.min(1_000, bytes.length - at));
      checked =
          behind.checkpoints.stage(
              new StagedChunk(id, good.getFirst().source(), at, sizeBytes, part));
    }
    assertThat(checked)
        .as(what)
        .isEqualTo(new Input.SnapshotChecked(id, good.getFirst().source(), false));
    assertThat(behind.checkpoints.refused()).as(what).isEqualTo(refused + 1);
    assertThat(sizeOnDisk()).as(what).isEqualTo(before);
  }

  private void assertGoesOn() throws IOException {
    assertThat(behind.rows()).hasSize(10);
    assertThat(node(disk).rows()).isEqualTo(behind.rows());
    for (StagedChunk chunk : good) {
      behind.stage(chunk);
    }
    behind.install(good.getLast());
    assertThat(behind.rows()).isEqualTo(source.rows()).hasSize(20);
    assertThat(behind.state.hash()).isEqualTo(source.state.hash());
    assertThat(node(disk).rows()).isEqualTo(source.rows());
  }

  @Test
  void damagedSnapshot_isThrownAway_andAGoodOneIsTaken() throws Exception {
    byte[] whole = bytes();
    for (int at = 0; at < whole.length; at += 7) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x41;
      assertBad("byte " + at, damaged, damaged.length);
    }
    for (int length = 1; length < whole.length; length += 97) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertBad("cut at " + length, cut, length);
    }
    assertGoesOn();
  }

  /** Nothing is allocated because somebody says so. */
  @Test
  void partThatSaysItIsHuge_isBad() throws Exception {
    byte[] huge = bytes();
    ByteBuffer.wrap(huge).putInt(Integer.MAX_VALUE);
    assertBad("more than there is", huge, huge.length);
    SnapshotId id = good.getFirst().snapshot();
    Bytes first = Bytes.copyOf(huge, 0, 1_000);
    assertThat(
            behind.checkpoints.stage(
                new StagedChunk(id, good.getFirst().source(), 0, Long.MAX_VALUE, first)))
        .isNull();
    assertGoesOn();
  }

  /** Stages parts, of a checkpoint that is right about how large they are. */
  private void assertBad(String what, List<byte[]> parts) throws IOException {
    Checkpoint head = Checkpoint.decode(parts.getFirst());
    long baseBytes = 0;
    long commitBytes = 0;
    for (byte[] part : parts.subList(1, parts.size())) {
      boolean isBase = TransactionCodec.decode(part).version() <= head.base().version();
      baseBytes += isBase ? AppliedCommits.sizeBytes(part.length) : 0;
      commitBytes += isBase ? 0 : AppliedCommits.sizeBytes(part.length);
    }
    Checkpoint.Base base = new Checkpoint.Base(0, head.base().version(), baseBytes);
    parts.set(0, head(head, new Checkpoint.Commits(0, commitBytes, 0), base));
    byte[] bytes = joined(parts);
    assertBad(what, bytes, bytes.length);
  }

  /** {@return a copy with other content in one part; all checksums are right} */
  private List<byte[]> with(int number, UnaryOperator<CommittedTransaction> change)
      throws IOException {
    List<byte[]> parts = parts();
    CommittedTransaction changed = change.apply(TransactionCodec.decode(parts.get(number)));
    parts.set(number, changed.record().bytes());
    return parts;
  }

  private static UnaryOperator<CommittedTransaction> changing(Mutation... mutations) {
    return former -> new CommittedTransaction(former.version(), 0, List.of(mutations));
  }

  @Test
  void snapshotWhoseContentCannotBe_isThrownAway_beforeItIsInstalled() throws Exception {
    int rows = 2;
    int commit = parts().size() - 1;
    Mutation row = TransactionCodec.decode(parts().get(rows)).mutations().getFirst();
    Mutation noFrame = new Mutation.PutRows(1, ByteBuffer.wrap(new byte[100]));
    Mutation unknown = new Mutation.PutRows(7, ByteBuffer.wrap(new byte[100]));
    Mutation again = new Mutation.CreateTable(1, TEXTS);
    Mutation late = new Mutation.CreateTable(9, TEXTS);
    assertBad("no frame", with(rows, changing(noFrame)));
    assertBad("no table", with(rows, changing(unknown)));
    assertBad("a deletion", with(rows, changing(new Mutation.DropTable(1))));
    assertBad("twice in a part", with(rows, changing(row, row)));
    assertBad("a table twice", with(rows, changing(again)));
    assertBad("a number beyond the last", with(1, changing(late)));
    assertBad("a commit without a frame", with(commit, changing(noFrame)));
    assertBad("a commit to no table", with(commit, changing(unknown)));
    assertBad("a commit that drops no table", with(commit, changing(new Mutation.DropTable(3))));
    List<byte[]> without = parts();
    without.remove(commit);
    assertBad("a commit is missing", without);
    List<byte[]> swapped = parts();
    swapped.set(1, parts().get(rows));
    swapped.set(rows, parts().get(1));
    assertBad("parts are swapped", swapped);
    assertGoesOn();
  }

  @Test
  void checkpointThatContradictsItself_isThrownAway() throws Exception {
    Checkpoint head = Checkpoint.decode(parts().getFirst());
    assertBad("sessions", with(head, head.clock(), head.watermark(), new byte[0], new byte[5]));
    assertBad("members", with(head, head.clock(), head.watermark(), new byte[1], head.sessions()));
    assertBad("clock", with(head, 7, head.watermark(), new byte[0], head.sessions()));
    assertBad(
        "watermark", with(head, head.clock(), head.clock() + 9, new byte[0], head.sessions()));
    assertGoesOn();
  }

  private List<byte[]> with(
      Checkpoint head, long clock, long watermark, byte[] members, byte[] sessions) {
    List<byte[]> parts = parts();
    Checkpoint other =
        new Checkpoint(
            head.appliedIndex(),
            clock,
            head.hash(),
            watermark,
            head.newestVersion(),
            head.lastTableId(),
            head.firstVersion(),
            head.commits(),
            head.base(),
            members,
            sessions);
    parts.set(0, other.encode());
    return parts;
  }

  private static byte[] head(Checkpoint of, Checkpoint.Commits commits, Checkpoint.Base base) {
    return new Checkpoint(
            of.appliedIndex(),
            of.clock(),
            of.hash(),
            of.watermark(),
            of.newestVersion(),
            of.lastTableId(),
            of.firstVersion(),
            commits,
            base,
            of.members(),
            of.sessions())
        .encode();
  }
}
