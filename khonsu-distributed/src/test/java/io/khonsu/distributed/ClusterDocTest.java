package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.distributed.DistributedCommitManager.Presence;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The example of docs/cluster.md: it runs, and it stands there. */
class ClusterDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "distributed", "ClusterDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "cluster.md");

  @Test
  void example_runs() throws IOException {
    long clusterId = 42;
    Transport transport = new LocalNetwork().of(1);
    KeyValueStore disk =
        new InMemoryKeyValueEngine()
            .open(
                Path.of("one"),
                new KeyValueEngine.Options(
                    KeyValueEngine.Use.LOG,
                    KeyValueEngine.Presence.NEW,
                    DistributedCommitManager.spaces()));
    // region join
    ClusterConfig config = ClusterConfig.of(clusterId, /* node= */ 1, /* nodes...= */ 1);
    Surroundings around =
        new Surroundings(
            StoreConfig.defaults(), disk, transport, null, InstantSource.system(), Set.of());
    try (ClusterMember member = Cluster.join(config, Presence.NEW, around)) {
      Khonsu store = member.store(); // as embedded: transact, begin, readOnly, watch ...
      // endregion
      try (Snapshot snapshot = store.snapshot()) {
        assertThat(snapshot.version()).isEqualTo(store.newestVersion());
      }
    }
  }

  @Test
  void example_standsOnThePage() throws IOException {
    String source = Files.readString(SOURCE);
    int from = source.indexOf("// region join") + "// region join\n".length();
    String region = source.substring(from, source.indexOf("      // endregion", from));
    assertThat(Files.readString(PAGE)).contains(region.stripTrailing().stripIndent());
  }
}
