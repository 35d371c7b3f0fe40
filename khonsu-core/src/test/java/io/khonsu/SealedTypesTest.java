package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.Mutation;
import org.junit.jupiter.api.Test;

/**
 * The cases of public sealed types: another one breaks callers' switches, so it needs a major
 * version.
 */
class SealedTypesTest {
  @Test
  void cases_areThese() {
    assertCases(RowFilter.class, "Comparison", "In", "StartsWith", "IsNull", "And", "Or", "Not");
    assertCases(RowFilter.Operand.class, "Column", "Remainder");
    assertCases(KeyRange.class, "Between", "StartingWith", "Prefix", "Single");
    assertCases(KeyRange.Bound.class, "Unbounded", "Included", "Excluded");
    assertCases(ReadView.class, "Transaction", "Snapshot");
    assertCases(Store.class, "EngineStore");
    assertCases(EngineStore.class, "Khonsu", "RemoteStore");
    assertCases(ListenerHandle.class, "Delivery");
    assertCases(Mutation.class, "CreateTable", "DropTable", "PutRows", "PutBatch", "Delete");
    assertCases(
        StoreException.class,
        "TransactionAbortedException",
        "CommitOutcomeUnknownException",
        "UnavailableException",
        "WatchEndedException",
        "StorageException",
        "StoreClosedException");
    assertCases(StorageException.class, "CorruptionException", "OpenRefusedException");
    assertCases(
        TransactionAbortedException.class,
        "TransactionConflictException",
        "TransactionDeadlineException",
        "TransactionInterruptedException",
        "SnapshotTooOldException",
        "StorageRejectedException");
  }

  private static void assertCases(Class<?> type, String... names) {
    assertThat(type.getPermittedSubclasses())
        .extracting(Class::getSimpleName)
        .containsExactlyInAnyOrder(names);
  }
}
