package io.khonsu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Only commits on a cluster can be asked for. */
class EmbeddedOutcomeTest {
  @Test
  void outcome_ofAStoreThatIsNoCluster_isRefused_withTheReason() {
    Khonsu db = Khonsu.inMemory();
    try (db) {
      assertThatThrownBy(() -> db.outcome(5))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("no commit 5", "only commits on a cluster have ids");
    }
    assertThatThrownBy(() -> db.outcome(5)).isInstanceOf(StoreClosedException.class);
  }
}
