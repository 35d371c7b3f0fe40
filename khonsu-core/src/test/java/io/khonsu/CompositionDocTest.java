package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/composition.md: they do what it says, and they are what stands there. */
@Timeout(60)
class CompositionDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "CompositionDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "composition.md");

  private Khonsu db;
  private Table jobs;
  private Table urgent;
  private Table accounts;

  @BeforeEach
  void setUp() {
    db = Khonsu.inMemory();
    jobs = Items.rows(db, "jobs");
    urgent = Items.rows(db, "urgent");
    accounts = Items.rows(db, "accounts");
  }

  @AfterEach
  void tearDown() {
    db.close();
  }

  // region take
  /** Takes the first job of a queue, and waits while there is none. */
  Row take(Transaction tx, Table queue) {
    Row first = tx.scan(queue).rows().stream().findFirst().orElseThrow(tx::retry);
    tx.delete(queue, first.getString("id"));
    return first;
  }

  // endregion

  @Test
  void retry_waits() {
    List<String> done = Collections.synchronizedList(new ArrayList<>());
    try (var _ =
        Threads.start(
            1,
            _ -> {
              // region retry
              Row job = db.transact(tx -> take(tx, jobs)); // parks until somebody adds one
              // endregion
              done.add(job.getString("id"));
            })) {
      Threads.awaitUntil(() -> db.contention().waiting() == 1);
      assertThat(done).isEmpty();
      Items.put(db, jobs, "job 1", 1);
    }
    assertThat(done).containsExactly("job 1");
  }

  @Test
  void retryUnless_waitsForACondition() {
    Items.put(db, accounts, "alice", 10);
    try (var _ =
        Threads.start(
            1,
            _ -> {
              // region condition
              TransactionOptions patient =
                  TransactionOptions.serializable().timeout(Duration.ofMinutes(5));
              db.run(
                  patient,
                  tx -> {
                    Row alice = tx.get(accounts, "alice").orElseThrow();
                    tx.retryUnless(alice.getLong("value") >= 100);
                    tx.update(accounts, alice.with("value", alice.getLong("value") - 100));
                  });
              // endregion
            })) {
      Threads.awaitUntil(() -> db.contention().waiting() == 1);
      Items.put(db, accounts, "alice", 120);
    }
    assertThat(Items.state(db, accounts)).containsEntry("alice", 20L);
  }

  @Test
  void orElse_triesAnother() {
    Items.put(db, jobs, "job 1", 1);
    // region orElse
    Row job = db.transact(tx -> tx.orElse(t -> take(t, urgent), t -> take(t, jobs)));
    // endregion
    assertThat(job.getString("id")).isEqualTo("job 1");
  }

  @Test
  void poll_doesNotWait() {
    // region poll
    List<Row> taken =
        db.transact(tx -> tx.orElse(t -> List.of(take(t, jobs)), t -> List.<Row>of()));
    // endregion
    assertThat(taken).isEmpty();
  }

  @Test
  void savepoint_isReturnedTo() {
    // region savepoint
    db.run(tx -> {
      tx.upsert(accounts, accounts.row("alice", 10L));
      Savepoint before = tx.savepoint();
      tx.upsert(accounts, accounts.row("bob", -5L));
      if (tx.get(accounts, "bob").orElseThrow().getLong("value") < 0) {
        tx.rollbackTo(before); // bob is as he was, alice has 10
      }
    });
    // endregion
    assertThat(Items.state(db, accounts)).containsOnlyKeys("alice");
  }

  @Test
  void nested_isUndoneAlone() {
    List<String> refused = new ArrayList<>();
    Items.put(db, accounts, "bob", 1);
    // region nested
    db.run(tx -> {
      for (String name : List.of("alice", "bob")) {
        try {
          tx.runNested(t -> {
            t.insert(jobs, jobs.row("welcome " + name, 1L));
            t.insert(accounts, accounts.row(name, 0L));
          });
        } catch (DuplicateKeyException e) {
          refused.add(name); // no welcome for him, and the others are not touched
        }
      }
    });
    // endregion
    assertThat(refused).containsExactly("bob");
    assertThat(Items.state(db, jobs)).containsOnlyKeys("welcome alice");
  }

  @Test
  void hooks_runOnce() {
    List<String> log = new ArrayList<>();
    // region hooks
    db.run(tx -> {
      tx.upsert(accounts, accounts.row("alice", 10L));
      log.add("reserved");
      tx.onCommit(() -> log.add("mail sent"));
      tx.onRollback(() -> log.add("reservation cancelled"));
    });
    // endregion
    assertThat(log).containsExactly("reserved", "mail sent");
  }

  @Test
  void conflict_isExplained() {
    Items.put(db, accounts, "alice", 1);
    List<String> said = new ArrayList<>();
    // region conflict
    try (Transaction report = db.begin(TransactionOptions.serializable().named("report"))) {
      long sum = report.scan(accounts, KeyRange.prefix("al")).rowCount();
      db.run(
          TransactionOptions.serializable().named("transfer"),
          tx -> tx.upsert(accounts, accounts.row("alice", 7L)));
      report.upsert(jobs, jobs.row("sum", sum));
      report.commit();
    } catch (TransactionConflictException e) {
      // READ_WRITE on ("alice") in a scanned range (key with prefix ("al")) of accounts
      // with transaction 4 "transfer" at version 116313...
      TableConflict first = e.conflicts().getFirst();
      said.add(first.winnerName() + " changed " + first.key() + " in " + first.range().orElse(""));
    }
    // endregion
    assertThat(said).containsExactly("transfer changed (\"alice\") in key with prefix (\"al\")");

    // region contention
    Contention contention = db.contention();
    for (Contention.HotKey hot : contention.keys()) {
      said.add("%s of %s: %d".formatted(hot.key(), hot.table(), hot.conflicts()));
    }
    for (Contention.Rivals rivals : contention.rivals()) {
      said.add("%s by %s: %d".formatted(rivals.loser(), rivals.winner(), rivals.aborts()));
    }
    // endregion
    assertThat(said).contains("(\"alice\") of accounts: 1", "report by transfer: 1");
  }

  @Test
  void listener_isTold() {
    Items.put(db, accounts, "alice", 1);
    List<String> metrics = Collections.synchronizedList(new ArrayList<>());
    // region listener
    ListenerHandle handle =
        db.addContentionListener(
            new ContentionListener() {
              @Override
              public void onConflict(ConflictEvent event) {
                metrics.add("conflicts_total{name=\"" + event.name() + "\"}");
              }
            });
    // endregion
    int[] runs = {0};
    db.run(
        TransactionOptions.serializable().named("transfer"),
        tx -> {
          var _ = tx.get(accounts, "alice");
          if (runs[0]++ == 0) {
            Items.put(db, accounts, "alice", 2);
          }
        });
    Threads.awaitUntil(() -> !metrics.isEmpty());
    assertThat(metrics).containsExactly("conflicts_total{name=\"transfer\"}");
    assertThat(handle.missed()).isZero();
  }

  @Test
  void page_showsTheExamples() throws IOException {
    var marked = Pattern.compile("// region \\w+\n(.*?) *// endregion", Pattern.DOTALL);
    List<String> regions =
        marked
            .matcher(Files.readString(SOURCE))
            .results()
            .map(found -> found.group(1).stripTrailing().stripIndent() + "\n")
            .toList();
    assertThat(regions).hasSize(11);
    if (Files.exists(PAGE)) {
      String page = Files.readString(PAGE);
      for (String region : regions) {
        assertThat(page).contains("```java\n" + region + "```\n");
      }
    }
  }
}
