package io.khonsu.benchmarks;

import java.util.Locale;

/** What transactions do, to which items. */
enum Load {
  /** Two reads, then their sum plus one to two other items; all items equally likely. */
  RW_UNIFORM(Operation.READ_WRITE, 0),
  /** The same, with few items taking most of the accesses. */
  RW_ZIPF(Operation.READ_WRITE, 0.99),
  /** Ten reads. */
  RO10(Operation.READ, 0),
  /** One item, read and written back incremented, by everyone. */
  HOT(Operation.INCREMENT, 0),
  /** Two items written and not read; always the same two together. */
  BLIND(Operation.WRITE_PAIR, 0);

  /** The shapes of transactions. */
  enum Operation {
    READ_WRITE(4),
    READ(10),
    INCREMENT(1),
    WRITE_PAIR(2);

    private final int itemCount;

    Operation(int itemCount) {
      this.itemCount = itemCount;
    }

    /** {@return how many items one transaction touches} */
    int itemCount() {
      return itemCount;
    }
  }

  private final Operation operation;
  private final double skew;

  Load(Operation operation, double skew) {
    this.operation = operation;
    this.skew = skew;
  }

  Operation operation() {
    return operation;
  }

  /** {@return the exponent of the Zipf distribution of accesses; 0 for a uniform one} */
  double skew() {
    return skew;
  }

  /** {@return the name as options and reports have it} */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
