package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistoryHoldTest {
  private static final Key KEY = Key.of(new byte[] {1});

  private final TxnBuffer<String> buffer = new TxnBuffer<>(BufferOptions.simple());

  private long put(String value) {
    WriteSet<String> writes = new WriteSet<>();
    var _ = writes.put(KEY, value, 0, ConflictStrategy.FAIL);
    try (Snapshot<String> now = buffer.snapshot()) {
      return ((CommitResult.Accepted<String>) commit(now, new ReadSet<>(), writes))
          .record()
          .version();
    }
  }

  private CommitResult<String> commit(
      Snapshot<String> snapshot, ReadSet<String> reads, WriteSet<String> writes) {
    return buffer.commit(
        new CommitRequest<>(1, IsolationLevel.SERIALIZABLE, snapshot, reads, writes));
  }

  @Test
  void snapshots_atEveryVersionHeld_seeTheirStateAndCertify() {
    try (HistoryHold<String> hold = buffer.hold()) {
      List<Long> versions = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        versions.add(put("value " + i));
      }
      buffer.collect();
      for (int i = 0; i < 300; i++) {
        try (Snapshot<String> then = hold.snapshot(versions.get(i))) {
          Version<String> seen = Objects.requireNonNull(buffer.get(KEY, then));
          assertThat(seen.value()).isEqualTo("value " + i);
          ReadSet<String> reads = new ReadSet<>();
          reads.addRange(new KeyInterval(KEY, null), null);
          assertThat(commit(then, reads, new WriteSet<>()))
              .isInstanceOf(i == 299 ? CommitResult.Accepted.class : CommitResult.Aborted.class);
        }
      }
    }
  }

  @Test
  void advance_letsGoOfWhatIsOlder() {
    try (HistoryHold<String> hold = buffer.hold()) {
      long first = put("a");
      long second = put("b");
      put("c");
      hold.advance(second);
      hold.advance(first); // never back
      assertThat(hold.version()).isEqualTo(second);
      assertThatThrownBy(() -> hold.snapshot(first))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("held, " + second);
      assertThatThrownBy(() -> hold.snapshot(buffer.newestVersion() + 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(1);
  }

  /** Whatever was asked for before, and however often what is older was let go of. */
  @Test
  void momentarySnapshot_endsWithTheSameCommit_asAnyOther() {
    Random random = new Random(7);
    HistoryHold<String> hold = buffer.hold();
    try (hold) {
      for (int i = 0; i < 5_000; i++) {
        long newest = put("value " + i);
        if (random.nextInt(50) == 0) {
          hold.advance(random.nextLong(hold.version(), newest + 1));
          buffer.collect();
        }
        long at = random.nextLong(hold.version(), newest + 1);
        try (Snapshot<String> then = hold.snapshot(at);
            Snapshot<String> momentary = hold.momentarySnapshot(at)) {
          assertThat(momentary.lastCommit()).isEqualTo(then.lastCommit()).isEqualTo(at);
          assertThat(buffer.get(KEY, momentary)).isEqualTo(buffer.get(KEY, then));
          ReadSet<String> reads = new ReadSet<>();
          reads.addItem(KEY);
          assertThat(commit(momentary, reads, new WriteSet<>()))
              .isInstanceOf(
                  at == newest ? CommitResult.Accepted.class : CommitResult.Aborted.class);
        }
      }
    }
    assertThatThrownBy(() -> hold.momentarySnapshot(buffer.newestVersion()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void momentarySnapshot_keepsNothing() {
    try (HistoryHold<String> hold = buffer.hold()) {
      long first = put("a");
      try (Snapshot<String> momentary = hold.momentarySnapshot(first)) {
        long second = put("b");
        hold.advance(second);
        buffer.collect();
        assertThat(buffer.statistics().versions()).isEqualTo(1);
        assertThat(buffer.get(KEY, momentary)).isNull(); // it was over
      }
    }
  }
}
