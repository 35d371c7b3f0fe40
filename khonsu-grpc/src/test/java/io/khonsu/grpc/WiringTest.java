package io.khonsu.grpc;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What connections are made with. */
class WiringTest {
  @Test
  void whatIsRepeated_goesOn_afterARunThatFailed() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Wiring wiring =
        new Wiring(
            "khonsu-test", new Wiring.Security(Optional.empty(), null, PlainText.LOOPBACK))) {
      wiring.repeat(
          Duration.ofMillis(1),
          () -> {
            if (runs.incrementAndGet() < 3) {
              throw new IllegalStateException("on purpose");
            }
          });
      Waiting.until("it goes on", () -> runs.get() > 3);
    }
  }
}
