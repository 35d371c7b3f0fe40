package io.khonsu.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.SimulatedStore.Bug;
import io.khonsu.testkit.history.TransactionGenerator.Mix;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Seeds are consecutive; a failure prints the one that failed. */
class HistoryCheckerPropertyTest {
  private static final int HISTORIES = 1_000;

  @ParameterizedTest
  @EnumSource(Mix.class)
  void correctStore_isValidAtItsLevel(Mix mix) {
    for (Level level : Level.values()) {
      Consistency promised =
          level == Level.SERIALIZABLE || level == Level.REPEATABLE_READ
              ? Consistency.STRICT_SERIALIZABLE
              : Consistency.valueOf(level.name());
      for (int seed = 0; seed < HISTORIES; seed++) {
        History history = Simulation.run(Simulation.Setup.of(level, Bug.NONE, mix), seed);
        assertThat(HistoryChecker.check(history).forbidden(promised))
            .as("%s, seed %d", level, seed)
            .isEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    // level of the store, bug, mix, the anomaly found, the strongest level that must stay valid
    "SNAPSHOT, NONE, LIST_APPEND, WRITE_SKEW, SNAPSHOT",
    "SNAPSHOT, NONE, REGISTER, WRITE_SKEW, SNAPSHOT",
    "READ_COMMITTED, NONE, LIST_APPEND, READ_SKEW, READ_COMMITTED",
    "READ_COMMITTED, NONE, REGISTER, READ_SKEW, READ_COMMITTED",
    "READ_COMMITTED, WRITES_AT_ONCE, LIST_APPEND, DIRTY_WRITE, ",
    "READ_COMMITTED, WRITES_AT_ONCE, LIST_APPEND, CIRCULAR_INFORMATION_FLOW, ",
    "SNAPSHOT, READS_UNCOMMITTED, LIST_APPEND, ABORTED_READ, ",
    "SERIALIZABLE, READS_UNCOMMITTED, REGISTER, INTERMEDIATE_READ, ",
    "SERIALIZABLE, ABORT_APPLIES, LIST_APPEND, ABORTED_READ, ",
    "SERIALIZABLE, ABORT_APPLIES, REGISTER, ABORTED_READ, ",
    "SNAPSHOT, NO_WRITE_CONFLICTS, LIST_APPEND, LOST_UPDATE, READ_COMMITTED",
    "SNAPSHOT, NO_WRITE_CONFLICTS, REGISTER, LOST_UPDATE, READ_COMMITTED",
    "READ_COMMITTED, NO_WRITE_CONFLICTS, REGISTER, LOST_UPDATE, READ_COMMITTED",
    "SNAPSHOT, NO_SNAPSHOT, LIST_APPEND, READ_SKEW, READ_COMMITTED",
    "SNAPSHOT, NO_SNAPSHOT, REGISTER, SNAPSHOT_NOT_PREFIX, READ_COMMITTED",
    "SNAPSHOT, WRONG_SNAPSHOT_VERSION, LIST_APPEND, SNAPSHOT_NOT_PREFIX, READ_COMMITTED",
    "SNAPSHOT, TWO_REPLICAS, LIST_APPEND, LONG_FORK, READ_COMMITTED",
    "SNAPSHOT, TWO_REPLICAS, REGISTER, LONG_FORK, READ_COMMITTED",
    "SERIALIZABLE, STALE_SNAPSHOT, LIST_APPEND, REAL_TIME_INVERSION, SERIALIZABLE",
    "SERIALIZABLE, STALE_SNAPSHOT, REGISTER, REAL_TIME_INVERSION, SERIALIZABLE",
    "SERIALIZABLE, LOST_COMMIT, LIST_APPEND, LOST_APPEND, ",
    "SNAPSHOT, OVERWRITES_BLINDLY, LIST_APPEND, , READ_COMMITTED",
    "SERIALIZABLE, OVERWRITES_BLINDLY, LIST_APPEND, INCOMPATIBLE_ORDER, ",
    "SERIALIZABLE, APPLIES_TWICE, LIST_APPEND, DUPLICATE_VALUE, ",
    "SERIALIZABLE, GARBAGE, LIST_APPEND, GARBAGE_VALUE, ",
    "SERIALIZABLE, GARBAGE, REGISTER, GARBAGE_VALUE, ",
    "SERIALIZABLE, OWN_WRITES_INVISIBLE, LIST_APPEND, INTERNAL_INCONSISTENCY, ",
    "SERIALIZABLE, OWN_WRITES_INVISIBLE, REGISTER, INTERNAL_INCONSISTENCY, ",
  })
  void bug_isFound_andWeakerLevelsStayValid(
      Level level, Bug bug, Mix mix, Anomaly.@Nullable Kind expected, @Nullable Consistency valid) {
    Set<Anomaly.Kind> found = EnumSet.noneOf(Anomaly.Kind.class);
    for (int seed = 0; seed < HISTORIES / 2; seed++) {
      HistoryReport report =
          HistoryChecker.check(Simulation.run(Simulation.Setup.of(level, bug, mix), seed));
      found.addAll(report.kinds());
      if (valid != null) {
        assertThat(report.forbidden(valid)).as("seed %d", seed).isEmpty();
      }
    }
    if (expected != null) {
      assertThat(found).contains(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(Bug.class)
  void smallHistory_isSerializable_exactlyIfSomeSerialOrderExplainsIt(Bug bug) {
    int serializable = 0;
    for (Level level : Level.values()) {
      Simulation.Setup setup =
          new Simulation.Setup(level, bug, Mix.LIST_APPEND, 3, 6, Simulation.Setup.Versions.HIDDEN);
      for (int seed = 0; seed < HISTORIES; seed++) {
        History history = Simulation.run(setup, seed);
        HistoryReport report = HistoryChecker.check(history);
        assertThat(report.valid(Consistency.SERIALIZABLE))
            .as("%s, seed %d: %s", level, seed, report)
            .isEqualTo(SerialOracle.explains(history, SerialOracle.Orders.ALL));
        assertThat(report.valid(Consistency.STRICT_SERIALIZABLE))
            .as("%s, seed %d, strict: %s", level, seed, report)
            .isEqualTo(SerialOracle.explains(history, SerialOracle.Orders.REAL_TIME));
        serializable += report.valid(Consistency.SERIALIZABLE) ? 1 : 0;
      }
    }
    assertThat(serializable).isPositive();
  }

  @ParameterizedTest
  @EnumSource(Mix.class)
  void edn_writtenAndRead_givesTheSameVerdict(Mix mix) throws IOException {
    for (Bug bug : Bug.values()) {
      for (int seed = 0; seed < 20; seed++) {
        History history = Simulation.run(Simulation.Setup.of(Level.SNAPSHOT, bug, mix), seed);
        StringWriter text = new StringWriter();
        HistoryEdn.write(history, text);
        History read = HistoryEdn.read(new StringReader(text.toString()));
        StringWriter again = new StringWriter();
        HistoryEdn.write(read, again);
        assertThat(again).as("%s, seed %d", bug, seed).hasToString(text.toString());
        assertThat(HistoryChecker.check(read).kinds())
            .as("%s, seed %d", bug, seed)
            .isEqualTo(HistoryChecker.check(history).kinds());
      }
    }
  }

  @Test
  void longHistory_isCheckedInLinearTime() {
    Simulation.Setup setup =
        new Simulation.Setup(
            Level.SNAPSHOT, Bug.NONE, Mix.LIST_APPEND, 8, 50_000, Simulation.Setup.Versions.TOLD);
    HistoryReport report = HistoryChecker.check(Simulation.run(setup, 1));
    assertThat(report.valid(Consistency.SNAPSHOT)).isTrue();
    assertThat(report.valid(Consistency.SERIALIZABLE)).isFalse();
  }
}
