package io.khonsu;

/**
 * A state of a transaction's writes, to return to by {@link Transaction#rollbackTo}. Valid until
 * the transaction returns to an earlier one, or the block in which it was made ends.
 */
public final class Savepoint {
  private final Composition owner;
  private final int position;
  private final StagedWrites.Mark writes;
  private final Hooks.Mark hooks;

  Savepoint(Composition owner, int position, StagedWrites.Mark writes, Hooks.Mark hooks) {
    this.owner = owner;
    this.position = position;
    this.writes = writes;
    this.hooks = hooks;
  }

  boolean isOf(Composition composition) {
    return owner == composition;
  }

  /** {@return how many savepoints were valid when it was made} */
  int position() {
    return position;
  }

  StagedWrites.Mark writes() {
    return writes;
  }

  Hooks.Mark hooks() {
    return hooks;
  }
}
