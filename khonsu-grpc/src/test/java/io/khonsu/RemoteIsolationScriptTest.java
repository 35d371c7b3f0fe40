package io.khonsu;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.mvcc.Certification;
import io.khonsu.testkit.scenario.ScenarioSuite;
import java.io.IOException;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The testkit's isolation scripts, by a client of a cluster. */
class RemoteIsolationScriptTest {
  private static BufferAllocator allocator;
  private static ClientCluster cluster;

  @BeforeAll
  static void start() throws IOException {
    allocator = new RootAllocator();
    cluster = new ClientCluster(1, allocator);
  }

  @AfterAll
  static void stop() {
    cluster.close();
    allocator.close(); // throws if anything was left
  }

  @TestFactory
  Stream<DynamicTest> byAClient() {
    return ScenarioSuite.dynamicTests(() ->
            new RowScenarioStore(
                Khonsu.connect(cluster.address(), StoreConfig.defaults(), allocator),
                Certification.OCC) {
              @Override
              public void close() {
                dropTable(); // the next script makes its own
                super.close();
              }
            })
        .filter(test -> !test.getDisplayName().endsWith("every interleaving"));
  }
}
