package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.testkit.LeakChecking;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a committed batch knows of the versions that point into it. */
class StoredBatchTest {
  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void close() {
    LeakChecking.close(allocator, "stored batches");
  }

  @SuppressWarnings("MustBeClosedChecker") // the stored batch owns it
  private StoredBatch batch(int rows, int versions) {
    BatchBuilder builder = new BatchBuilder(BatchSchema.of(Batches.NUMBERS));
    for (long id = 0; id < rows; id++) {
      builder.appendRow(Batches.row(id, id));
    }
    FrozenBatch frozen = builder.freeze(allocator);
    return StoredBatch.consume(frozen, versions, null);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1000}) // on the heap, and outside
  void onlyVersion_supersededAndReinstated_isIntactAgain(int rows) {
    StoredBatch batch = batch(rows, 1);
    assertThat(batch.isIntact(0, 1)).isTrue();
    batch.supersede(0);
    assertThat(batch.isIntact(0, 1)).isFalse();
    batch.reinstate(0);
    assertThat(batch.isIntact(0, 1)).isTrue();
    batch.supersede(0);
    assertThat(batch.isIntact(0, 1)).isFalse();
    assertThat(batch.retireOne()).isTrue();
  }

  @Test
  void severalVersions_oneSuperseded_othersAreIntact() {
    StoredBatch batch = batch(100, 100);
    batch.supersede(70);
    assertThat(batch.isIntact(0, 70)).isTrue();
    assertThat(batch.isIntact(70, 1)).isFalse();
    assertThat(batch.isIntact(71, 29)).isTrue();
    assertThat(batch.isIntact(0, 100)).isFalse();
    batch.supersede(0);
    batch.reinstate(70);
    assertThat(batch.isIntact(1, 99)).isTrue();
    assertThat(batch.isIntact(0, 1)).isFalse();
    batch.discard();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 127, 128, 200, 1000})
  void onlyVersion_rowsAreThose(int rows) {
    StoredBatch batch = batch(rows, 1);
    assertThat(batch.rowCount()).isEqualTo(rows);
    try (FrozenBatch pinned = batch.pin()) {
      assertThat(pinned.rowCount()).isEqualTo(rows);
      assertThat(pinned.sizeBytes()).isEqualTo(batch.sizeBytes());
      for (int row = 0; row < rows; row++) {
        assertThat(pinned.getObject(0, row)).isEqualTo((long) row);
      }
    }
    assertThat(batch.isSparse()).isEqualTo(rows > 1); // one version is of one row
    batch.discard();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 1000})
  void version_weighsMoreThanItsBytes_untilItIsRetired(int versions) {
    StoredBatch batch = batch(versions, versions);
    assertThat(versions * batch.versionBytes())
        .isBetween(batch.sizeBytes() + 40 - versions, batch.sizeBytes() + 100);
    batch.discard();
    assertThat(batch.versionBytes()).isZero();
  }

  @Test
  void smallBatch_ofOneVersion_isItsFrame_othersAreNot() {
    StoredBatch small = batch(1, 1);
    StoredBatch shared = batch(2, 2);
    StoredBatch large = batch(1000, 1);
    assertThat(small).isInstanceOf(SmallBatch.class);
    assertThat(shared).isInstanceOf(HeldBatch.class);
    assertThat(large).isInstanceOf(HeldBatch.class);
    assertThat(large.isLarge()).isTrue();
    large.discard();
  }

  @Test
  void onlyVersion_retiredTwice_isABrokenInvariant() {
    StoredBatch batch = batch(1, 1);
    assertThat(batch.retireOne()).isTrue();
    assertThatThrownBy(batch::retireOne)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("a version is retired once");
  }
}
