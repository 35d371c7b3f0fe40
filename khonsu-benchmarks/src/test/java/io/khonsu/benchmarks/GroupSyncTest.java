package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Nobody goes on before a sync that began after it came has ended. */
class GroupSyncTest {
  private static final int THREADS = 8;
  private static final int SYNCS = 2_000;

  @Test
  void await_manyThreads_returnsWhenAllBeforeIsSynced() throws Exception {
    AtomicLong done = new AtomicLong();
    AtomicLong synced = new AtomicLong();
    AtomicInteger running = new AtomicInteger();
    GroupSync group =
        new GroupSync(() -> {
          assertThat(running.incrementAndGet()).isEqualTo(1);
          synced.set(done.get());
          assertThat(running.decrementAndGet()).isZero();
        });
    List<Callable<Long>> writers = new ArrayList<>();
    for (int thread = 0; thread < THREADS; thread++) {
      writers.add(() -> {
        long early = 0;
        for (int i = 0; i < SYNCS; i++) {
          long mine = done.incrementAndGet();
          group.await();
          early += synced.get() < mine ? 1 : 0;
        }
        return early;
      });
    }
    try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
      for (Future<Long> early : executor.invokeAll(writers)) {
        assertThat(early.get()).isZero();
      }
    }
  }

  @Test
  void await_syncFails_throwsAndTheNextTriesAgain() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    GroupSync group =
        new GroupSync(() -> {
          if (calls.incrementAndGet() == 1) {
            throw new IOException("no space");
          }
        });

    assertThatThrownBy(group::await).hasMessage("no space");
    group.await();

    assertThat(calls).hasValue(2);
  }
}
