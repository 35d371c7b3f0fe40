package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/watching.md and docs/time-travel.md: they run, and they stand there. */
@Timeout(60)
class WatchingDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "WatchingDocTest.java");
  private static final Path DOCS = Path.of("..", "docs");

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private Khonsu db;
  private Table accounts;

  @BeforeEach
  void setUp() {
    // region retention
    StoreConfig config =
        StoreConfig.builder().retention(Duration.ofHours(1)).retentionBytes(256L << 20).build();
    Khonsu store = Khonsu.inMemory(config);
    // endregion
    db = store;
    accounts = Items.rows(db, "accounts");
  }

  @AfterEach
  void tearDown() {
    db.close();
  }

  @Test
  void listener_isTold() {
    // region listener
    Watch watch =
        db.watch(
            accounts,
            KeyRange.prefix("eu/"),
            commit -> {
              for (Change change : commit.changes()) {
                log.add(change.kind() + " " + change.key() + ": " + change.after().orElse(null));
              }
            });
    // endregion
    long version = Items.put(db, accounts, "eu/alice", 7).version();
    Threads.awaitUntil(() -> watch.version() == version);
    watch.close();
    assertThat(log).containsExactly("INSERTED [eu/alice]: (id=eu/alice, value=7)");
  }

  @Test
  void feed_isAskedAndResumed() throws InterruptedException {
    // region feed
    long position;
    try (ChangeFeed feed = db.changes(accounts, KeyRange.all())) {
      db.run(tx -> tx.upsert(accounts, accounts.row("alice", 1L)));
      db.run(tx -> tx.upsert(accounts, accounts.row("alice", 2L)));
      CommitChanges first = feed.poll(Duration.ofSeconds(10)).orElseThrow();
      log.add(first.changes().toString()); // INSERTED [alice]: [] -> [(id=alice, value=1)]
      position = feed.version();
    }
    // later: what was committed meanwhile comes first
    try (ChangeFeed feed = db.changes(accounts, KeyRange.all(), position)) {
      log.add(feed.poll().orElseThrow().changes().toString()); // UPDATED [alice]: ...
    }
    // endregion
    assertThat(log.getFirst()).isEqualTo("[INSERTED [alice]: [] -> [(id=alice, value=1)]]");
    assertThat(log.getLast()).startsWith("[UPDATED [alice]");
  }

  @Test
  void snapshot_thenChanges() {
    Items.put(db, accounts, "alice", 1);
    // region load
    ChangeFeed feed;
    try (Snapshot snapshot = db.snapshot()) {
      log.addAll(Items.state(snapshot, accounts).keySet()); // the table as it is ...
      feed = db.changes(accounts, KeyRange.all(), snapshot.version()); // ... and what follows
    }
    // endregion
    Items.put(db, accounts, "bob", 1);
    assertThat(feed.poll().orElseThrow().changes()).hasSize(1);
    feed.close();
    assertThat(log).containsExactly("alice");
  }

  @Test
  void past_isRead() {
    Items.put(db, accounts, "alice", 1);
    // region past
    long before = db.newestVersion();
    db.run(tx -> tx.upsert(accounts, accounts.row("alice", 50L)));
    try (Snapshot past = db.snapshotAt(before)) {
      log.add(past.get(accounts, "alice").orElseThrow().toString()); // (id=alice, value=1)
    }
    try (Snapshot past = db.snapshotAt(Instant.now().minusSeconds(3_600 * 24 * 365))) {
      log.add("there is no such snapshot: " + past);
    } catch (SnapshotTooOldException e) {
      log.add("the oldest is " + Khonsu.instantOf(e.oldestVersion()));
    }
    // endregion
    assertThat(log.getFirst()).isEqualTo("(id=alice, value=1)");
  }

  @Test
  void versions_areCompared() {
    Items.put(db, accounts, "alice", 1);
    long before = db.newestVersion();
    Items.put(db, accounts, "alice", 2);
    long after = db.newestVersion();
    // region diff
    try (TableDiff diff = db.diff(accounts, before, after)) {
      for (RecordBatch batch : diff) {
        for (int i = 0; i < batch.rowCount(); i++) {
          log.add(
              batch.vector("id").getObject(i)
                  + (" " + batch.vector("change").getObject(i))
                  + (" from " + batch.vector("before").getObject(i))
                  + (" to " + batch.vector("after").getObject(i)));
        }
      }
    }
    // endregion
    assertThat(log)
        .containsExactly(
            "alice UPDATED from {\"id\":\"alice\",\"value\":1} to {\"id\":\"alice\",\"value\":2}");
  }

  @Test
  void pages_showTheExamples() throws IOException {
    var marked = Pattern.compile("// region \\w+\n(.*?) *// endregion", Pattern.DOTALL);
    List<String> regions =
        marked
            .matcher(Files.readString(SOURCE))
            .results()
            .map(found -> found.group(1).stripTrailing().stripIndent() + "\n")
            .toList();
    assertThat(regions).hasSize(6);
    if (Files.exists(DOCS)) {
      String pages =
          Files.readString(DOCS.resolve("watching.md"))
              + Files.readString(DOCS.resolve("time-travel.md"));
      for (String region : regions) {
        assertThat(pages).contains("```java\n" + region + "```\n");
      }
    }
  }
}
