package io.khonsu.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.HistoryWorkload.Options;
import io.khonsu.testkit.history.SimulatedStore.Bug;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HistoryWorkloadTest {
  private static final long SEED = 2026;

  @ParameterizedTest
  @EnumSource(Level.class)
  void correctStore_underThreads_keepsItsLevel(Level level) throws InterruptedException {
    Options options = Options.of(level, SEED);
    Consistency promised = Consistency.valueOf(level.name());

    History lists = HistoryWorkload.runListAppend(lists(Bug.NONE), options, System::nanoTime);
    assertThat(HistoryChecker.check(lists).forbidden(promised)).isEmpty();
    assertThat(lists.count(Outcome.COMMITTED)).isGreaterThan(100);

    History registers =
        HistoryWorkload.runRegisters(registers(Bug.NONE), options, System::nanoTime);
    assertThat(HistoryChecker.check(registers).forbidden(promised)).isEmpty();
    assertThat(registers.count(Outcome.COMMITTED)).isGreaterThan(100);
  }

  @Test
  void finalReads_missLostCommits() throws InterruptedException {
    History history =
        HistoryWorkload.runListAppend(
            lists(Bug.LOST_COMMIT), Options.of(Level.SERIALIZABLE, SEED), System::nanoTime);
    assertThat(HistoryChecker.check(history).kinds()).contains(Anomaly.Kind.LOST_APPEND);
  }

  @Test
  void sessionThatThrows_failsTheRun() {
    ListAppendStore broken =
        _ -> {
          throw new UnsupportedOperationException("begin");
        };
    assertThatThrownBy(() ->
            HistoryWorkload.runListAppend(
                broken, Options.of(Level.SNAPSHOT, SEED), System::nanoTime))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("seed 2026")
        .hasCauseInstanceOf(UnsupportedOperationException.class);
  }

  private static ListAppendStore lists(Bug bug) {
    SimulatedStore store = new SimulatedStore(bug);
    return level -> {
      SimulatedStore.Session session = store.begin(level);
      return new ListAppendStore.Session() {
        @Override
        public List<Long> read(long key) {
          return session.read(key);
        }

        @Override
        public void append(long key, long value) {
          session.write(key, value);
        }

        @Override
        public CommitReport commit() {
          return session.commit();
        }

        @Override
        public @Nullable Long snapshotVersion() {
          return level == Level.READ_COMMITTED ? null : session.snapshotVersion();
        }
      };
    };
  }

  private static RegisterStore registers(Bug bug) {
    SimulatedStore store = new SimulatedStore(bug);
    return level -> {
      SimulatedStore.Session session = store.begin(level);
      return new RegisterStore.Session() {
        @Override
        public OptionalLong read(long key) {
          List<Long> seen = session.read(key);
          return seen.isEmpty() ? OptionalLong.empty() : OptionalLong.of(seen.getLast());
        }

        @Override
        public void write(long key, long value) {
          session.write(key, value);
        }

        @Override
        public CommitReport commit() {
          return session.commit();
        }
      };
    };
  }
}
