package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CommitSectionTest {
  private final CommitSection section =
      new CommitSection(new CommitMutex<>(CommitRecord.origin(0)));

  @Test
  void section_underContention_admitsOneAtATime() throws InterruptedException {
    long[] counter = new long[1];
    Threads.run(
        4,
        number -> {
          for (int i = 0; i < 50_000; i++) {
            section.enter(number);
            counter[0]++;
            section.leave();
          }
        });
    assertThat(counter[0]).isEqualTo(200_000);
  }

  @Test
  void gate_whileHeld_admitsItsHolderAndUpkeepOnly() throws InterruptedException {
    section.enterGate(1);
    List<String> order = new ArrayList<>();
    Thread other = waitingFor(2, () -> order.add("other"));
    section.enter(1);
    order.add("holder");
    section.leave();
    section.enterForUpkeep();
    order.add("upkeep");
    section.leave();
    section.leaveGate(1);
    other.join();
    assertThat(order).containsExactly("holder", "upkeep", "other");
  }

  @Test
  void leaveGate_byAnotherTransaction_changesNothing() throws InterruptedException {
    section.enterGate(1);
    section.leaveGate(2);
    AtomicBoolean entered = new AtomicBoolean();
    Thread other = waitingFor(2, () -> entered.set(true));
    assertThat(entered).isFalse();
    section.leaveGate(1);
    other.join();
    assertThat(entered).isTrue();
  }

  @Test
  void gate_ofTransactionZero_isAGate() throws InterruptedException {
    section.enterGate(0);
    AtomicBoolean entered = new AtomicBoolean();
    Thread other = waitingFor(2, () -> entered.set(true));
    assertThat(entered).isFalse();
    section.leaveGate(0);
    other.join();
  }

  @Test
  void gate_heldForTooLong_isLost() throws InterruptedException {
    section.enterGate(1);
    AtomicBoolean entered = new AtomicBoolean();
    Thread other = waitingFor(2, () -> entered.set(true));
    other.join(); // the one-second limit is the only way out
    assertThat(entered).isTrue();
    section.enter(3); // and the gate is open for all
    section.leave();
    section.leaveGate(1);
  }

  @Test
  void gate_wantedBySeveral_isHeldByOneAtATime() throws InterruptedException {
    long[] holders = new long[1];
    Threads.run(
        4,
        number -> {
          for (int i = 0; i < 500; i++) {
            long id = number + 1L;
            section.enterGate(id);
            section.enter(id);
            long before = holders[0]++;
            section.leave();
            section.enter(id);
            assertThat(holders[0]).isEqualTo(before + 1);
            section.leave();
            section.leaveGate(id);
          }
        });
    assertThat(holders[0]).isEqualTo(2_000);
  }

  @Test
  void interrupt_whileWaitingForTheGate_isKept() throws InterruptedException {
    section.enterGate(1);
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread other = waitingFor(2, () -> interrupted.set(Thread.currentThread().isInterrupted()));
    other.interrupt();
    section.leaveGate(1);
    other.join();
    assertThat(interrupted).isTrue();
  }

  /** {@return a thread that waits for the gate, and then runs {@code inside} in the section} */
  private Thread waitingFor(long transactionId, Runnable inside) throws InterruptedException {
    CountDownLatch started = new CountDownLatch(1);
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              started.countDown();
              section.enter(transactionId);
              inside.run();
              section.leave();
            });
    started.await();
    while (thread.getState() == Thread.State.RUNNABLE
        || thread.getState() == Thread.State.BLOCKED) {
      Thread.onSpinWait();
    }
    return thread;
  }
}
