package io.khonsu;

import io.khonsu.mvcc.Certification;
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
  private static final StoreConfig SSN =
      StoreConfig.builder().certification(Certification.SSN).build();

  @TestFactory
  Stream<DynamicTest> inMemory(BufferAllocator allocator) {
    return ScenarioSuite.dynamicTests(() ->
        new RowScenarioStore(
            Khonsu.inMemory(StoreConfig.defaults(), allocator), Certification.OCC));
  }

  @TestFactory
  Stream<DynamicTest> inMemory_certifiedBySsn(BufferAllocator allocator) {
    return ScenarioSuite.dynamicTests(
        () -> new RowScenarioStore(Khonsu.inMemory(SSN, allocator), Certification.SSN),
        Level.SERIALIZABLE);
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
    return withStorage(StoreConfig.defaults(), allocator, Level.values())
        .filter(test -> !isFamily(test) || test.getDisplayName().contains("skew"));
  }

  @TestFactory
  Stream<DynamicTest> withStorage_certifiedBySsn(BufferAllocator allocator) {
    return withStorage(SSN, allocator, Level.SERIALIZABLE)
        .filter(test -> !isFamily(test) || test.getDisplayName().contains("skew"));
  }

  @Tag("long")
  @TestFactory
  Stream<DynamicTest> withStorageInEveryInterleaving(BufferAllocator allocator) {
    return withStorage(StoreConfig.defaults(), allocator, Level.values())
        .filter(IsolationScriptTest::isFamily);
  }

  private static Stream<DynamicTest> withStorage(
      StoreConfig config, BufferAllocator allocator, Level... levels) {
    return ScenarioSuite.dynamicTests(
        () ->
            new RowScenarioStore(
                Khonsu.open(config, new InMemoryStorage(), allocator, InstantSource.system()),
                config.certification()),
        levels);
  }

  private static boolean isFamily(DynamicTest test) {
    return test.getDisplayName().endsWith("every interleaving");
  }
}
