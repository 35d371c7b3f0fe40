package io.khonsu;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.scenario.ScenarioSuite;
import java.time.InstantSource;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The testkit's isolation scripts, on a row table of a store in memory and of one with a storage.
 */
@ExtendWith(LeakChecking.class)
class IsolationScriptTest {
  @TestFactory
  Stream<DynamicTest> inMemory(BufferAllocator allocator) {
    return ScenarioSuite.dynamicTests(
        () -> new RowScenarioStore(Khonsu.inMemory(StoreConfig.defaults(), allocator)));
  }

  @TestFactory
  Stream<DynamicTest> compactedBeforeEveryStep(BufferAllocator allocator) {
    StoreConfig config = StoreConfig.builder().compactionRowsPerSecond(0).build();
    return ScenarioSuite.dynamicTests(
            () -> RowScenarioStore.compacting(Khonsu.inMemory(config, allocator)))
        .filter(test -> !isFamily(test) || test.getDisplayName().contains("skew"));
  }

  @TestFactory
  Stream<DynamicTest> withStorage(BufferAllocator allocator) {
    return withStorage(allocator, Level.values())
        .filter(test -> !isFamily(test) || test.getDisplayName().contains("skew"));
  }

  @Tag("long")
  @TestFactory
  Stream<DynamicTest> withStorageInEveryInterleaving(BufferAllocator allocator) {
    return withStorage(allocator, Level.values()).filter(IsolationScriptTest::isFamily);
  }

  private static Stream<DynamicTest> withStorage(BufferAllocator allocator, Level... levels) {
    return ScenarioSuite.dynamicTests(
        () ->
            new RowScenarioStore(
                Khonsu.open(
                    StoreConfig.defaults(),
                    new InMemoryStorage(),
                    allocator,
                    InstantSource.system())),
        levels);
  }

  private static boolean isFamily(DynamicTest test) {
    return test.getDisplayName().endsWith("every interleaving");
  }
}
