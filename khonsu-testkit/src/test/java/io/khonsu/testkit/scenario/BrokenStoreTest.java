package io.khonsu.testkit.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.scenario.BrokenStore.Bug;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The suite must fail for every planted bug, in the script that is about it. */
class BrokenStoreTest {

  @Test
  void noBug_passes() {
    for (Level level : Level.values()) {
      assertThat(failing(Bug.NONE, level)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void bug_failsSomeScript(Bug bug) {
    Set<String> failing = new TreeSet<>();
    for (Level level : Level.values()) {
      failing.addAll(failing(bug, level));
    }
    assertThat(failing).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "READS_UNCOMMITTED, READ_COMMITTED, anomaly_02_aborted_read",
    "READS_UNCOMMITTED, SERIALIZABLE, anomaly_03_intermediate_read",
    "READS_UNCOMMITTED, SNAPSHOT, anomaly_04_circular_information_flow",
    "ABORT_KEEPS_WRITES, SERIALIZABLE, anomaly_02_aborted_read",
    "ABORTED_WRITES_CONFLICT, SNAPSHOT, anomaly_32_aborted_writer_conflicts_with_nobody",
    "TORN_COMMIT, READ_COMMITTED, anomaly_06_torn_commit",
    "TORN_COMMIT, SERIALIZABLE, scenario_29_fractured_read_new_then_old",
    "STALE_SNAPSHOT, SNAPSHOT, anomaly_25_stale_read",
    "STALE_SNAPSHOT, SERIALIZABLE, anomaly_25_stale_read",
    "NO_SNAPSHOT, SNAPSHOT, anomaly_07_fuzzy_read",
    "NO_SNAPSHOT, SNAPSHOT, anomaly_12_read_skew",
    "NO_SNAPSHOT, SERIALIZABLE, anomaly_12b_read_skew_read_only",
    "NO_SNAPSHOT, SNAPSHOT, anomaly_23_long_fork",
    "NO_SNAPSHOT, REPEATABLE_READ, anomaly_08_predicate_many_preceders_read",
    "OWN_WRITES_INVISIBLE, READ_COMMITTED, scenario_35_own_writes",
    "LOST_COMMIT, READ_COMMITTED, anomaly_07_fuzzy_read",
    "LOST_COMMIT, SERIALIZABLE, anomaly_19_phantom_range",
    "NO_WRITE_CONFLICTS, READ_COMMITTED, anomaly_10_lost_update",
    "NO_WRITE_CONFLICTS, SNAPSHOT, anomaly_10_lost_update",
    "DELETES_DO_NOT_CONFLICT, SNAPSHOT, anomaly_26_resurrection",
    "DELETES_DO_NOT_CONFLICT, REPEATABLE_READ, anomaly_18_write_skew_deletes",
    "CONFLICTS_BY_VALUE, SNAPSHOT, anomaly_27_aba",
    "CONFLICTS_BY_VALUE, SERIALIZABLE, anomaly_27_aba",
    "NO_ITEM_VALIDATION, REPEATABLE_READ, anomaly_15_write_skew",
    "NO_ITEM_VALIDATION, SERIALIZABLE, anomaly_22_read_only_anomaly",
    "ABSENT_KEYS_NOT_VALIDATED, SERIALIZABLE, anomaly_17_write_skew_absent_keys",
    "NO_PREDICATE_VALIDATION, SERIALIZABLE, anomaly_16_write_skew_predicate",
    "NO_PREDICATE_VALIDATION, SERIALIZABLE, anomaly_19_phantom_range",
    "NO_BEFORE_IMAGE, SERIALIZABLE, anomaly_20_phantom_leaves",
    "NO_AFTER_IMAGE, SERIALIZABLE, anomaly_21_phantom_enters",
    "BLIND_WRITES_CONFLICT, SERIALIZABLE, anomaly_29_blind_writes",
    "READ_ONLY_VALIDATED, SERIALIZABLE, anomaly_30_read_only_never_refused",
    "REPLACES_WHAT_WAS_READ, SERIALIZABLE, anomaly_11_lost_update_replacing",
    "REFUSED_FOR_GOOD, SNAPSHOT, anomaly_10_lost_update",
  })
  void bug_failsTheScriptAboutIt(Bug bug, Level level, String script) {
    assertThat(failing(bug, level)).contains(script);
  }

  private static Set<String> failing(Bug bug, Level level) {
    Set<String> failing = new TreeSet<>();
    for (Script script : Script.anomalies()) {
      if (!ScenarioCheck.anomaly(script, new BrokenStore(bug), level).isEmpty()) {
        failing.add(script.file());
      }
    }
    for (Script script : Script.scenarios()) {
      if (!ScenarioCheck.scenario(script, new BrokenStore(bug), level).problems().isEmpty()) {
        failing.add(script.file());
      }
    }
    return failing;
  }
}
