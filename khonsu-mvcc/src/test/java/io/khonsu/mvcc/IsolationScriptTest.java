package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.scenario.BeginOptions;
import io.khonsu.testkit.scenario.CommitOutcome;
import io.khonsu.testkit.scenario.ScenarioCheck;
import io.khonsu.testkit.scenario.ScenarioPredicate;
import io.khonsu.testkit.scenario.ScenarioStore;
import io.khonsu.testkit.scenario.ScenarioSuite;
import io.khonsu.testkit.scenario.ScenarioTransaction;
import io.khonsu.testkit.scenario.Script;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The golden isolation scripts, and every interleaving of the scenarios, on a bare buffer. */
class IsolationScriptTest {

  @TestFactory
  Stream<DynamicTest> scripts_atEveryLevel() {
    return ScenarioSuite.dynamicTests(() -> new BufferStore(Certification.OCC));
  }

  @TestFactory
  Stream<DynamicTest> scripts_atEveryLevel_certifiedBySsn() {
    return ScenarioSuite.dynamicTests(() -> new BufferStore(Certification.SSN));
  }

  /** What docs/isolation.md says of the table's rows; each is serial in another order. */
  @Test
  void anomaliesThatComplete_certifiedBySsn_areStaleScansAlone() {
    List<String> completed = new ArrayList<>();
    for (Script script : Script.anomalies()) {
      try (BufferStore store = new StrictStore()) {
        if (!ScenarioCheck.anomaly(script, store, Level.SERIALIZABLE).isEmpty()) {
          completed.add(script.file());
        }
      }
    }
    assertThat(completed)
        .containsExactly(
            "anomaly_19_phantom_range",
            "anomaly_20_phantom_leaves",
            "anomaly_20b_phantom_leaves_item_read",
            "anomaly_21_phantom_enters");
  }

  /** Is held to the verdicts as they stand, as if it promised the order of commits. */
  private static final class StrictStore extends BufferStore {
    private StrictStore() {
      super(Certification.SSN);
    }

    @Override
    public boolean ordersByCommit() {
      return true;
    }
  }

  private static class BufferStore implements ScenarioStore {
    private final TxnBuffer<Long> buffer;
    private final Certification certification;

    private BufferStore(Certification certification) {
      this.certification = certification;
      this.buffer = new TxnBuffer<>(BufferOptions.<Long>simple().withCertification(certification));
    }

    @Override
    public ScenarioTransaction begin(BeginOptions options) {
      return new BufferTransaction(buffer, options);
    }

    @Override
    public SortedMap<String, Long> state() {
      return texts(TestTransaction.scan(buffer));
    }

    @Override
    public boolean ordersByCommit() {
      return certification == Certification.OCC;
    }

    @Override
    public boolean supports(BeginOptions.Strategy strategy) {
      return true;
    }

    @Override
    public void close() {
      buffer.collect();
    }
  }

  private static final class BufferTransaction implements ScenarioTransaction {
    private final TestTransaction<Long> transaction;
    private final BeginOptions options;

    private BufferTransaction(TxnBuffer<Long> buffer, BeginOptions options) {
      this.options = options;
      boolean isSafeReader =
          options.access() == BeginOptions.Access.READ_ONLY
              && options.level() == Level.SERIALIZABLE;
      this.transaction =
          isSafeReader
              ? TestTransaction.beginToRead(buffer)
              : TestTransaction.begin(buffer, level(options.level()));
    }

    @Override
    public OptionalLong read(String key) {
      Long value = transaction.get(TestTransaction.key(key));
      return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    @Override
    public void write(String key, long value) {
      transaction.put(TestTransaction.key(key), value, strategy());
    }

    @Override
    public void delete(String key) {
      transaction.delete(TestTransaction.key(key), strategy());
    }

    @Override
    public SortedMap<String, Long> scan(ScenarioPredicate predicate) {
      return texts(
          transaction.scan(
              TestTransaction.ALL,
              (key, version) ->
                  predicate.matches(TestTransaction.text(key), version.requireValue())));
    }

    @Override
    public CommitOutcome commit() {
      try (transaction) {
        if (options.access() == BeginOptions.Access.READ_ONLY) {
          return new CommitOutcome.Committed();
        }
        return switch (transaction.commit()) {
          case CommitResult.Accepted<Long> _ -> new CommitOutcome.Committed();
          case CommitResult.Aborted<Long>(var conflicts) ->
              new CommitOutcome.Refused(conflicts.toString(), true);
          case CommitResult.Blocked<Long> _ -> throw new AssertionError("nothing is pending");
        };
      }
    }

    @Override
    public void abort() {
      transaction.close();
    }

    private ConflictStrategy strategy() {
      return switch (options.strategy()) {
        case FAIL -> ConflictStrategy.FAIL;
        case REPLACE -> ConflictStrategy.REPLACE;
      };
    }
  }

  private static IsolationLevel level(Level level) {
    return switch (level) {
      case READ_COMMITTED -> IsolationLevel.READ_COMMITTED;
      case SNAPSHOT -> IsolationLevel.SNAPSHOT;
      case REPEATABLE_READ -> IsolationLevel.REPEATABLE_READ;
      case SERIALIZABLE -> IsolationLevel.SERIALIZABLE;
    };
  }

  private static SortedMap<String, Long> texts(NavigableMap<Key, Long> rows) {
    SortedMap<String, Long> texts = new TreeMap<>();
    rows.forEach((key, value) -> texts.put(TestTransaction.text(key), value));
    return texts;
  }
}
