package io.khonsu;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The savepoints, nested blocks, alternatives and hooks of one transaction, after Harris, Marlow,
 * Peyton Jones and Herlihy, "Composable Memory Transactions", PPoPP 2005. Not thread-safe.
 *
 * <p>A block is a savepoint that nobody else can return to, and below which nobody inside can
 * return. What is undone are writes and hooks; reads stay noted, as what came afterwards may depend
 * on them.
 */
final class Composition {
  static final int NESTING_MAX = 1_024;

  /** From this depth on there may be too little left of the thread's stack. */
  private static final int STACK_CHECKED_FROM = 64;

  /** Frames that must still fit, each of a hundred bytes or less: a commit needs fewer bytes. */
  private static final int SPARE_FRAMES = 512;

  private final StagedTransaction transaction;
  private final StagedWrites staged;
  private final Hooks hooks = new Hooks();
  private final List<Savepoint> savepoints = new ArrayList<>(1);

  /** How many savepoints belong to surrounding blocks. */
  private int outer;

  private int depth;

  /** How many first alternatives are being run. */
  private int alternatives;

  /** The call of {@code retry()} that has not been handled yet. */
  private @Nullable RetrySignal pending;

  Composition(StagedTransaction transaction, StagedWrites staged) {
    this.transaction = transaction;
    this.staged = staged;
  }

  Hooks hooks() {
    return hooks;
  }

  boolean isInsideBlock() {
    return depth > 0;
  }

  Savepoint savepoint() {
    Savepoint made = new Savepoint(this, savepoints.size(), staged.mark(), hooks.mark());
    savepoints.add(made);
    return made;
  }

  /** Undoes what came after a savepoint; {@return the hooks to run for it} */
  List<Runnable> rollbackTo(Savepoint savepoint) {
    int position = savepoint.position();
    boolean isMine = savepoint.isOf(this);
    if (!isMine || position >= savepoints.size() || savepoints.get(position) != savepoint) {
      throw new IllegalArgumentException(
          isMine
              ? "the savepoint is not valid any more: its block has ended, or the transaction has"
                  + " returned to an earlier one"
              : "the savepoint is one of another transaction");
    }
    if (position < outer) {
      throw new IllegalArgumentException(
          "the savepoint was made outside this nested block: throw to undo the whole block");
    }
    return undoTo(savepoint);
  }

  private List<Runnable> undoTo(Savepoint savepoint) {
    staged.rollbackTo(savepoint.writes());
    savepoints.subList(savepoint.position() + 1, savepoints.size()).clear();
    return hooks.rollbackTo(savepoint.hooks());
  }

  /** Runs a block and {@return its result}, as {@link Transaction#nested} describes. */
  <R extends @Nullable Object, E extends Exception> R nested(TransactionBody<R, E> body) throws E {
    Block begun = begin();
    R result;
    try {
      result = body.run(transaction);
      rethrowRetry();
    } catch (Exception | Error e) {
      undo(begun, e);
      throw e;
    }
    end(begun);
    return result;
  }

  /** Runs a block without a result. */
  <E extends Exception> void runNested(TransactionAction<E> body) throws E {
    Block begun = begin();
    try { // not by way of nested(): the stack is to hold many blocks
      body.run(transaction);
      rethrowRetry();
    } catch (Exception | Error e) {
      undo(begun, e);
      throw e;
    }
    end(begun);
  }

  /** Runs two alternatives and {@return the result}, as {@link Transaction#orElse} describes. */
  <R extends @Nullable Object, E extends Exception> R orElse(
      TransactionBody<R, E> first, TransactionBody<R, E> second) throws E {
    alternatives++;
    try {
      return nested(first);
    } catch (RetrySignal signal) {
      if (!transaction.hasSent(signal)) {
        throw signal;
      }
      pending = null;
    } finally {
      alternatives--;
    }
    return nested(second);
  }

  private Block begin() {
    return transaction.state().during(this::enter);
  }

  private void end(Block block) {
    if (!transaction.hasEnded()) {
      var _ = transaction.state().during(() -> keep(block));
    }
  }

  /** {@return what to throw} */
  RetrySignal retry(RunMode mode) {
    if (mode == RunMode.BY_HAND && alternatives == 0) {
      throw new RetryImpossibleException(
          "nobody runs this transaction again: use transact() or run() in place of begin()");
    }
    RetrySignal signal = transaction.signal();
    pending = signal;
    return signal;
  }

  /** Goes on with a call of {@code retry()} whose signal was caught on the way. */
  void rethrowRetry() {
    if (pending != null) {
      throw pending;
    }
  }

  /** A block that is being run, and the signal that was pending when it began. */
  private record Block(Savepoint start, int outer, @Nullable RetrySignal pending) {}

  private Block enter() {
    if (depth == NESTING_MAX) {
      throw new NestingTooDeepException(
          "blocks are nested more than %d deep".formatted(NESTING_MAX));
    }
    if (depth >= STACK_CHECKED_FROM && !fits(SPARE_FRAMES)) {
      throw new NestingTooDeepException(
          "blocks are nested %d deep, and the thread's stack has no room for another"
              .formatted(depth));
    }
    Block block = new Block(savepoint(), outer, pending);
    outer = savepoints.size();
    depth++;
    return block;
  }

  /** {@return whether the stack has room} Overflowing here leaves nothing half done. */
  private static boolean fits(int frames) {
    try {
      return descend(frames) == frames;
    } catch (StackOverflowError _) {
      return false;
    }
  }

  private static int descend(int frames) {
    return frames == 0 ? 0 : 1 + descend(frames - 1);
  }

  private Block keep(Block block) {
    depth--;
    outer = block.outer;
    savepoints.subList(block.start.position(), savepoints.size()).clear();
    if (savepoints.isEmpty()) {
      staged.forgetMarks();
    }
    return block;
  }

  /** Ends a block that has thrown, and undoes it. */
  private void undo(Block block, Throwable reason) {
    if (transaction.hasEnded()) {
      return;
    }
    if (!(reason instanceof RetrySignal signal && transaction.hasSent(signal))) {
      pending = block.pending; // a call of retry() inside is undone as well
    }
    try {
      List<Runnable> undone =
          transaction
              .state()
              .during(() -> {
                List<Runnable> hooksToRun = undoTo(block.start);
                var _ = keep(block);
                return hooksToRun;
              });
      runUndone(undone);
    } catch (RuntimeException e) {
      if (reason instanceof RetrySignal) {
        pending = null;
        throw e;
      }
      reason.addSuppressed(e);
    }
  }

  /** Runs the hooks of what was undone. */
  void runUndone(List<Runnable> undone) {
    Throwable failure = Hooks.runAll(undone);
    if (failure != null) {
      throw new HookFailedException(
          "an onRollback hook threw, part of transaction %d was undone".formatted(transaction.id()),
          failure,
          null);
    }
  }

  /** Runs the hooks of a transaction that has committed. */
  void runCommitted(CommitReceipt receipt) {
    Throwable failure = hooks.runDue();
    if (failure != null) {
      throw new HookFailedException(
          "an onCommit hook threw, transaction %d was committed at version %d"
              .formatted(transaction.id(), receipt.version()),
          failure,
          receipt);
    }
  }

  /** Runs the hooks of a transaction that was rolled back, for a reason or by its user. */
  void runRolledBack(@Nullable RuntimeException reason) {
    Throwable failure = hooks.runDue();
    if (failure != null) {
      HookFailedException failed =
          new HookFailedException(
              "an onRollback hook threw, transaction %d was rolled back"
                  .formatted(transaction.id()),
              failure,
              null);
      if (reason != null) {
        failed.addSuppressed(reason);
      }
      throw failed;
    }
  }
}
