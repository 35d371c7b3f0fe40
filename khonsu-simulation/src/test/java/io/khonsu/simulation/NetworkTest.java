package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NetworkTest {
  private static final int MESSAGES = 500;

  private final Scheduler scheduler = new Scheduler();
  private final List<Integer> received = new ArrayList<>();

  @Test
  void scheduler_delayBeforeNow_isRefused() {
    assertThatThrownBy(() -> scheduler.after(-1, () -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1");
  }

  @Test
  void calm_deliversAllInOrder() {
    send(NetworkFaults.NONE);

    assertThat(received).isEqualTo(IntStream.range(0, MESSAGES).boxed().toList());
  }

  @Test
  void loss_losesTheShareItSays() {
    send(NetworkFaults.NONE.withLoss(0.2));

    assertThat(received).hasSizeBetween(350, 450).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void duplication_deliversTwice() {
    send(NetworkFaults.NONE.withDuplication(1));

    assertThat(received).hasSize(2 * MESSAGES);
  }

  @Test
  void reordering_letsMessagesOvertake() {
    send(NetworkFaults.NONE.withReordering(400));

    assertThat(received).hasSize(MESSAGES).doesNotHaveDuplicates();
    assertThat(received).isNotEqualTo(received.stream().sorted().toList());
  }

  @Test
  void cutWhileOnTheWay_losesTheMessage() {
    Network<Integer> network = network(NetworkFaults.NONE);
    network.send(1, 2, 0, 0);
    network.links().cutOneWay(1, 2);
    run();

    assertThat(received).isEmpty();
    assertThat(network.faultsInjected()).isEqualTo(1);
  }

  private void send(NetworkFaults faults) {
    Network<Integer> network = network(faults);
    for (int i = 0; i < MESSAGES; i++) {
      network.send(1, 2, i, 0);
    }
    run();
  }

  private Network<Integer> network(NetworkFaults faults) {
    return new Network<>(
        scheduler,
        new SplittableRandom(1),
        faults,
        (from, to, message, lives) -> received.add(message));
  }

  private void run() {
    while (scheduler.runNext(1_000_000)) {
      // Everything happens in the events.
    }
  }
}
