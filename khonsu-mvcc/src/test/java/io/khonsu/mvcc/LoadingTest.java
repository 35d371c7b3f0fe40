package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static io.khonsu.mvcc.TestTransaction.put;
import static io.khonsu.mvcc.TestTransaction.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import org.junit.jupiter.api.Test;

/** A buffer that is filled before it is used. */
class LoadingTest {
  private final TxnBuffer<Long> buffer = new TxnBuffer<>(BufferOptions.simple());

  @Test
  void items_areThere_asOfTheVersionThatIsTheOldest() {
    Loading<Long> loading = buffer.loading();
    for (long i = 0; i < 1_000; i++) {
      loading.add(key((int) i).toBytes(), i, (int) i, 10 + i % 3);
    }
    loading.finish(20);
    assertThat(buffer.newestVersion()).isEqualTo(20);
    assertThat(buffer.oldestVersion()).isEqualTo(20);
    assertThat(buffer.snapshotAt(19)).isNull();
    assertThat(buffer.statistics().items()).isEqualTo(1_000);
    assertThat(buffer.statistics().versions()).isEqualTo(1_000);
    try (Snapshot<Long> now = buffer.snapshot()) {
      assertThat(now.version()).isEqualTo(20);
      Version<Long> found = Objects.requireNonNull(buffer.get(key(500), now));
      assertThat(found.version()).isEqualTo(10 + 500 % 3);
      assertThat(found.index()).isEqualTo(500);
    }
  }

  @Test
  void commits_goOnAfterIt_andConflictWithIt() {
    Loading<Long> loading = buffer.loading();
    loading.add(key("k").toBytes(), 1L, 0, 5);
    loading.finish(7);
    try (var first = TestTransaction.begin(buffer);
        var second = TestTransaction.begin(buffer)) {
      assertThat(first.get(key("k"))).isEqualTo(1);
      assertThat(second.get(key("k"))).isEqualTo(1);
      assertThat(TestTransaction.accepted(first.put(key("k"), 2L).commit()).version())
          .isGreaterThan(7);
      assertThat(second.put(key("k"), 3L).commit()).isInstanceOf(CommitResult.Aborted.class);
    }
    var _ = put(buffer, key("other"), 4L);
    buffer.collect();
    assertThat(read(buffer, key("k"))).isEqualTo(2);
    assertThat(buffer.statistics().versions()).isEqualTo(2);
  }

  @Test
  void item_twice_orNewerThanTheWhole_isRefused() {
    Loading<Long> loading = buffer.loading();
    loading.add(key("k").toBytes(), 1L, 0, 5);
    assertThatThrownBy(() -> loading.add(key("k").toBytes(), 2L, 0, 6))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> loading.finish(4)).isInstanceOf(IllegalArgumentException.class);
  }
}
