package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.consensus.Member;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Entries of the log, and ids of commits. */
class LogEntryTest {
  private static final LogEntry.Batch BATCH =
      new LogEntry.Batch(
          3,
          1L << 60,
          List.of(
              new Submission.OpenSession(new Member(2, 1), 5, 6),
              new Submission.Commit(CommitIds.of(1, 2), 2, new byte[] {1, 2, 3}),
              new Submission.Resolve(CommitIds.of(1, 1))));

  @Test
  void batch_decoded_isEncodedTheSame() {
    LogEntry decoded = LogEntry.decode(ByteBuffer.wrap(BATCH.encode()));
    assertThat(decoded.encode()).isEqualTo(BATCH.encode());
    assertThat(((LogEntry.Batch) decoded).submissions())
        .extracting(Submission::identity)
        .isEqualTo(BATCH.submissions().stream().map(Submission::identity).toList());
  }

  @Test
  void requests_ofADecodedBatch_arePartsOfIt() {
    ByteBuffer entry = ByteBuffer.wrap(BATCH.encode());
    Submission second = ((LogEntry.Batch) LogEntry.decode(entry)).submissions().get(1);
    ByteBuffer request = ((Submission.Commit) second).request();
    assertThat(request.equals(ByteBuffer.wrap(new byte[] {1, 2, 3}))).isTrue();
    int at = entry.limit() - LogEntry.RESOLVE_BYTES - 3;
    var _ = entry.put(at, (byte) 9);
    assertThat(request.get(request.position())).isEqualTo((byte) 9);
  }

  @Test
  void tick_decoded_isEqual() {
    LogEntry.Tick tick = new LogEntry.Tick(3, 100, 90, 50);
    assertThat(LogEntry.decode(ByteBuffer.wrap(tick.encode()))).isEqualTo(tick);
  }

  @Test
  void entry_cutOffOrTooLong_isRefused() {
    byte[] bytes = BATCH.encode();
    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> LogEntry.decode(cut)).isInstanceOf(IllegalArgumentException.class);
    }
    ByteBuffer longer = ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + 1));
    assertThatThrownBy(() -> LogEntry.decode(longer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("follow");
  }

  @Test
  void entry_ofALaterFormat_saysWhatToDo() {
    byte[] bytes = BATCH.encode();
    bytes[0] = 2;
    assertThatThrownBy(() -> LogEntry.decode(ByteBuffer.wrap(bytes)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the same version of Khonsu on all nodes");
  }

  @Test
  void commitIds_areTakenApart() {
    long id = CommitIds.of(CommitIds.SESSION_MAX, CommitIds.NUMBER_MAX);
    assertThat(CommitIds.session(id)).isEqualTo(CommitIds.SESSION_MAX);
    assertThat(CommitIds.number(id)).isEqualTo(CommitIds.NUMBER_MAX);
    assertThatThrownBy(() -> CommitIds.of(0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> CommitIds.of(1, CommitIds.NUMBER_MAX + 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
