package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that cannot go on. */
class ListClientsTest {
  private static final Path FULL = Path.of("/dev/full");
  private static final int INTERNAL_ERROR = 70;

  @TempDir private Path root;

  @Test
  void clientThatCrashes_endsItsNode() throws Exception {
    assumeTrue(Files.exists(FULL), "there is no disk that is always full");
    Path configuration = LocalCluster.configure(root, 1).getFirst();
    Files.createSymbolicLink(ListClients.log(root.resolve("node-1")), FULL);
    Path log = root.resolve("node-1.log");
    List<String> options = List.of("--new", "--clients", "1", "--config", configuration.toString());
    try (ServerProcess process =
        ServerProcess.start("io.khonsu.server.KhonsuCommand", options, log)) {
      long start = System.nanoTime();
      while (process.isAlive() && System.nanoTime() - start < 120_000_000_000L) {
        LockSupport.parkNanos(10_000_000);
      }
      assertThat(process.isAlive()).isFalse();
      assertThat(process.stop()).isEqualTo(INTERNAL_ERROR);
      assertThat(Files.readString(log)).contains("what clients do cannot be noted");
    }
  }
}
