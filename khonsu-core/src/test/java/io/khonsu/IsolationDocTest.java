package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.khonsu.mvcc.Certification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The example of docs/isolation.md: it does what it says, and it is what stands there. */
class IsolationDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "IsolationDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "isolation.md");

  // region ssn
  /** Reads prices for long, and stores their sum; prices go on changing meanwhile. */
  static long total(Khonsu db, Table prices, Table totals) {
    try (Transaction tx = db.begin()) {
      long sum = tx.scan(prices).rows().stream().mapToLong(row -> row.getLong("value")).sum();
      db.run(other -> other.upsert(prices, prices.row("tea", 5L)));
      tx.upsert(totals, totals.row("all", sum));
      tx.commit(); // SSN: before the new price of tea; OCC: TransactionConflictException
      return sum;
    }
  }

  // endregion

  @Test
  void staleScan_commits_certifiedBySsn() {
    try (Khonsu db = open(Certification.SSN)) {
      Table prices = Items.rows(db, "prices");
      Table totals = Items.rows(db, "totals");
      Items.put(db, prices, "tea", 4);
      Items.put(db, prices, "milk", 1);
      assertThat(total(db, prices, totals)).isEqualTo(5);
      assertThat(Items.state(db, totals)).containsEntry("all", 5L);
    }
  }

  @Test
  void staleScan_isRefused_certifiedByOcc() {
    try (Khonsu db = open(Certification.OCC)) {
      Table prices = Items.rows(db, "prices");
      Table totals = Items.rows(db, "totals");
      var refusal =
          catchThrowableOfType(TransactionConflictException.class, () -> total(db, prices, totals));
      assertThat(refusal.conflicts().getFirst().predecessor()).isEmpty();
    }
  }

  @Test
  void refusal_tellsBothEdges() {
    try (Khonsu db = open(Certification.SSN)) {
      Table items = Items.rows(db, "items");
      Items.put(db, items, "x", 1);
      try (Transaction tx = db.begin();
          Transaction other = db.begin(TransactionOptions.serializable().named("rival"))) {
        var _ = tx.get(items, "x");
        var _ = other.get(items, "y");
        other.upsert(items, items.row("x", 2L));
        long version = other.commit().version();
        tx.upsert(items, items.row("y", 2L));
        var refusal = catchThrowableOfType(TransactionConflictException.class, tx::commit);
        TableConflict conflict = refusal.conflicts().getFirst();
        assertThat(conflict.key()).contains("x");
        assertThat(conflict.winnerName()).isEqualTo("rival");
        assertThat(conflict.winnerVersion()).isEqualTo(version);
        assertThat(conflict.predecessor().orElseThrow())
            .contains("\"rival\" at version " + version, "which read", "\"y\"", "of items");
        assertThat(refusal).hasMessageContaining("must come after transaction");
      }
    }
  }

  private static Khonsu open(Certification certification) {
    return Khonsu.inMemory(StoreConfig.builder().certification(certification).build());
  }

  @Test
  void page_showsTheExample() throws IOException {
    var marked = Pattern.compile("// region \\w+\n(.*?) *// endregion", Pattern.DOTALL);
    var found = marked.matcher(Files.readString(SOURCE));
    assertThat(found.find()).isTrue();
    if (Files.exists(PAGE)) {
      assertThat(Files.readString(PAGE))
          .contains("```java\n" + found.group(1).stripTrailing().stripIndent() + "\n```\n");
    }
  }
}
