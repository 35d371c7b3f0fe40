package io.khonsu.testkit.history;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws the operations of random transactions of one client: 1 to {@code operationsMax}, half of
 * them reads, on keys of which the low ones are hot. Every {@value #TRANSACTIONS_PER_KEY}
 * transactions the keys are replaced by new ones, so that lists stay short.
 */
public final class TransactionGenerator {
  private static final int TRANSACTIONS_PER_KEY = 100;

  /** What the keys hold. */
  public enum Mix {
    LIST_APPEND,
    REGISTER
  }

  private final SplittableRandom random;
  private final Mix mix;
  private final int keyCount;
  private final int operationsMax;
  private final int clientCount;
  private long nextValue;
  private long generated;

  /**
   * Creates the generator of one client.
   *
   * @param client which of the {@code clientCount} clients, from 0: their values differ
   */
  public TransactionGenerator(
      SplittableRandom random,
      Mix mix,
      int keyCount,
      int operationsMax,
      int client,
      int clientCount) {
    this.random = random;
    this.mix = mix;
    this.keyCount = keyCount;
    this.operationsMax = operationsMax;
    this.clientCount = clientCount;
    this.nextValue = client + 1L;
  }

  /** {@return the operations of the next transaction, reads not filled in} */
  public List<Operation> next() {
    int count = 1 + random.nextInt(operationsMax);
    long firstKey = generated++ / TRANSACTIONS_PER_KEY * keyCount;
    List<Operation> operations = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      double skewed = random.nextDouble() * random.nextDouble();
      operations.add(operation(firstKey + (long) (skewed * keyCount), random.nextBoolean()));
    }
    return operations;
  }

  private Operation operation(long key, boolean read) {
    if (read) {
      return mix == Mix.LIST_APPEND
          ? new Operation.ReadList(key, null)
          : new Operation.ReadRegister(key, null);
    }
    long value = nextValue;
    nextValue += clientCount;
    return mix == Mix.LIST_APPEND
        ? new Operation.Append(key, value)
        : new Operation.Write(key, value);
  }
}
