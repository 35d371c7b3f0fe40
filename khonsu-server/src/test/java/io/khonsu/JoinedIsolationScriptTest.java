package io.khonsu;

import io.khonsu.mvcc.Certification;
import io.khonsu.server.node.Configurations;
import io.khonsu.testkit.scenario.ScenarioSuite;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The testkit's isolation scripts, on a node that this process is. */
class JoinedIsolationScriptTest {
  @TempDir private static Path root;

  @SuppressWarnings("NullAway.Init") // by start
  private static Khonsu node;

  @BeforeAll
  static void start() throws IOException {
    node = Khonsu.join(Configurations.write(root, 1), NodePresence.NEW);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @TestFactory
  Stream<DynamicTest> onANode() {
    return ScenarioSuite.dynamicTests(() ->
            new RowScenarioStore(node, Certification.OCC) {
              @Override
              public void close() {
                dropTable(); // the next script makes its own
              }
            })
        .filter(test -> !test.getDisplayName().endsWith("every interleaving"));
  }
}
