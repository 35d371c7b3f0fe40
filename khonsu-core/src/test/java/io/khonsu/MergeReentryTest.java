package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Merge functions that use the store they are called by. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class MergeReentryTest {
  /** It would wait for the thread that it runs on. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void functionThatCallsTheStore_fails_andTheStoreGoesOn(
      boolean isLogged, BufferAllocator allocator) {
    AtomicReference<Khonsu> store = new AtomicReference<>();
    StoreConfig config =
        StoreConfig.builder()
            .mergeFunction(
                "commits",
                (_, _) -> {
                  Table own = store.get().table("t").orElseThrow();
                  store.get().run(tx -> tx.upsert(own, own.row("other", 1L)));
                  return Row.of("value", 1L);
                })
            .mergeFunction(
                "closes",
                (_, _) -> {
                  store.get().close();
                  return Row.of("value", 1L);
                })
            .build();
    try (Khonsu other =
        isLogged
            ? Khonsu.open(config, new InMemoryStorage(), allocator)
            : Khonsu.inMemory(config, allocator)) {
      store.set(other);
      Table rows = Items.rows(other, "t");
      other.run(tx -> tx.upsert(rows, rows.row("a", 1L)));
      for (String function : List.of("commits", "closes")) {
        assertThatThrownBy(
                () -> {
                  try (Transaction tx = other.begin(TransactionOptions.snapshot())) {
                    tx.merge(rows, Merges.custom(function), "a");
                    other.run(
                        late -> late.upsert(rows, rows.row("a", 2L))); // merged when committed
                    tx.commit();
                  }
                })
            .isInstanceOf(MergeFailedException.class)
            .hasMessageContaining("called the store");
      }
      assertThat(Items.state(other, rows)).isEqualTo(Map.of("a", 2L));
    }
  }
}
