package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.OpenRefusedException;
import io.khonsu.StoreConfig;
import io.khonsu.durable.LogKind;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import io.khonsu.spi.StorageRefusedException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A process commits and is killed at a random moment, again and again on the same store: what it
 * had acknowledged is there, whole, and of what it had not, nothing in part.
 */
class CrashTest {
  private static final int COMMITS_MAX = 400;

  /** Two kinds of log, so ten in all. */
  private static final int ROUNDS = 5;

  /** One round in so many is killed while it opens the store. */
  private static final int OPENING_EVERY = 6;

  @TempDir private Path root;

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void killed_keepsWhatWasAcknowledged(LogKind log) throws Exception {
    killAgainAndAgain(log, ROUNDS, COMMITS_MAX / 4);
  }

  @ParameterizedTest
  @EnumSource(LogKind.class)
  @Tag("long")
  void killed_manyTimes_keepsWhatWasAcknowledged(LogKind log) throws Exception {
    killAgainAndAgain(log, 200, COMMITS_MAX);
  }

  private void killAgainAndAgain(LogKind log, int rounds, int commitsMax) throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    StoreConfig config = StoreConfig.builder().log(log).build();
    CrashAudit audit = CrashAudit.EMPTY;
    long acknowledgements = 0;
    for (int round = 0; round < rounds; round++) {
      boolean isOpening = round > 0 && random.nextInt(OPENING_EVERY) == 0;
      int commits = isOpening ? 0 : random.nextInt(1, commitsMax);
      List<Acknowledgement> acknowledged;
      try (WriterProcess writer =
          WriterProcess.start(root.resolve("store"), log, Durability.SYNC, Redirect.INHERIT)) {
        writer.await(commits);
        acknowledged = writer.kill();
      }
      try (Khonsu db = Khonsu.open(root.resolve("store"), config)) {
        audit = CrashAudit.of(db, audit, acknowledged);
      }
      assertThat(audit.faults()).as("seed %d, round %d", seed, round).isEmpty();
      assertThat(audit.missing()).as("seed %d, round %d", seed, round).isZero();
      acknowledgements += acknowledged.size();
    }
    assertThat(audit.transfers()).isGreaterThanOrEqualTo(acknowledgements);
    System.out.printf(
        "%s, seed %d: %d rounds, %d commits acknowledged, %d found%n",
        log, seed, rounds, acknowledgements, audit.transfers());
  }

  /** While it lives; then the directory is free, whatever it left there. */
  @Test
  void storeOfAnotherProcess_isRefused_untilThatIsKilled() throws Exception {
    Path place = root.resolve("store");
    List<Acknowledgement> acknowledged;
    try (WriterProcess writer =
        WriterProcess.start(place, LogKind.ENGINE, Durability.SYNC, Redirect.INHERIT)) {
      writer.await(1);
      assertThatThrownBy(() -> Khonsu.open(place))
          .isInstanceOfSatisfying(
              OpenRefusedException.class,
              e -> assertThat(e.reason()).isEqualTo(StorageRefusedException.Reason.IN_USE))
          .hasMessageContaining("another process");
      writer.await(100); // it was not disturbed
      acknowledged = writer.kill();
    }
    try (Khonsu db = Khonsu.open(place)) {
      assertThat(CrashAudit.of(db, CrashAudit.EMPTY, acknowledged).holds()).isTrue();
    }
  }

  @Test
  void audit_ofStoreWithLessOrMore_findsIt() {
    StoreConfig config = StoreConfig.builder().build();
    try (Khonsu db = Khonsu.open(root.resolve("store"), config)) {
      Transfers tables = Transfers.in(db);
      Acknowledgement first = tables.commitNext(db, 0);
      Acknowledgement second = tables.commitNext(db, 0);
      List<Acknowledgement> both = List.of(first, second);
      assertThat(CrashAudit.of(db, CrashAudit.EMPTY, both).holds()).isTrue();

      Acknowledgement lost = new Acknowledgement(0, 3, second.version() + 1);
      assertThat(CrashAudit.of(db, CrashAudit.EMPTY, List.of(first, second, lost)).missing())
          .isEqualTo(1);
      assertThat(CrashAudit.of(db, CrashAudit.EMPTY, List.of()).faults()).hasSize(1);
      assertThat(CrashAudit.of(db, CrashAudit.EMPTY, List.of(second, first)).faults()).isNotEmpty();

      db.run(tx -> tx.delete(tables.legs(), Transfers.Transfer.of(0, 1).id() << 1));
      assertThat(CrashAudit.of(db, CrashAudit.EMPTY, both).faults())
          .containsExactly("2 transfers have 2 rows and 3 legs");
    }
  }
}
