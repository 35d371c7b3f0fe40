package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Nobody waits in vain because the action of somebody else has failed. */
class InboxTest {
  private final Inbox inbox = new Inbox(1_000);
  private final List<Integer> run = new ArrayList<>();

  private void offer(Runnable action) {
    assertThat(inbox.offer(1, action)).isTrue();
  }

  @Test
  void actionsBehindOneThatFails_areRun_andItsFailureIsThrown() {
    OutOfMemoryError first = new OutOfMemoryError("on purpose");
    IllegalStateException second = new IllegalStateException("on purpose, too");
    offer(() -> run.add(1));
    offer(() -> {
      throw first;
    });
    offer(() -> run.add(2));
    offer(() -> {
      throw second;
    });
    offer(() -> {
      throw first; // the same again
    });
    offer(() -> run.add(3));
    assertThatThrownBy(inbox::runAll).isSameAs(first).hasSuppressedException(second);
    assertThat(run).containsExactly(1, 2, 3);
    assertThat(inbox.runAll()).isZero();
    assertThat(inbox.sizeBytes()).isZero();
  }

  @Test
  void whoWaits_isWoken_onlyIfThatIsAskedFor() throws Exception {
    assertThat(inbox.offerQuietly(1, () -> run.add(1))).isTrue();
    assertThat(inbox.isWoken()).isFalse();
    inbox.await(Long.MAX_VALUE); // there is something
    offer(() -> run.add(2));
    assertThat(inbox.isWoken()).isTrue();
    assertThat(inbox.runAll()).isEqualTo(2);
    assertThat(inbox.isEmpty()).isTrue();
    inbox.await(Long.MAX_VALUE); // it was woken before
    assertThat(inbox.isWoken()).isFalse();
    Thread waiting = Thread.startVirtualThread(() -> awaitForever());
    inbox.wake();
    waiting.join();
    assertThat(run).containsExactly(1, 2);
  }

  private void awaitForever() {
    try {
      inbox.await(Long.MAX_VALUE);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void room_isThatOfWhatWaits() {
    assertThat(inbox.offer(1_000, () -> run.add(1))).isTrue();
    assertThat(inbox.offer(1, () -> run.add(2))).isFalse();
    assertThat(inbox.runAll()).isOne();
    inbox.close();
    assertThat(inbox.offer(1, () -> run.add(3))).isFalse();
    assertThat(run).containsExactly(1);
  }
}
