package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * What transactions do. The bodies are the same for all contenders, read before they write, and
 * have no other effect, so they can be run again.
 *
 * <p>SmallBank: customer {@code c} has the savings {@code 2c} and the checking account {@code 2c +
 * 1}, in cents; the types and amounts are H-Store's. YCSB: see {@link Load}.
 */
enum Shape {
  /** Reads two items, and writes their sum plus one to two others. */
  READ_WRITE(Reading.OTHERS) {
    @Override
    long run(Session session, Task task) {
      Long value = session.get(task.item(2)) + session.get(task.item(3)) + 1;
      session.set(task.item(0), value);
      session.set(task.item(1), value);
      return 0;
    }
  },
  /** Reads items that nobody writes. */
  READ(Reading.OTHERS) {
    @Override
    long run(Session session, Task task) {
      long sum = 0;
      for (int i = 0; i < task.count(); i++) {
        sum += session.get(task.item(i));
      }
      return sum;
    }

    @Override
    long settle(Task task, long result) {
      long expected = 0;
      for (int i = 0; i < task.count(); i++) {
        expected += task.item(i);
      }
      return checked(result, expected);
    }
  },
  /** Adds one to an item, by reading and writing it. */
  INCREMENT(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      session.set(task.item(0), session.get(task.item(0)) + 1);
      return 1;
    }
  },
  /** Adds one to an item, by the contender's commuting operation. */
  ADD(Reading.NOTHING) {
    @Override
    long run(Session session, Task task) {
      session.add(task.item(0), 1);
      return 1;
    }
  },
  /** Writes one value to two items. */
  WRITE_PAIR(Reading.NOTHING) {
    @Override
    long run(Session session, Task task) {
      Long value = task.value();
      session.set(task.item(0), value);
      session.set(task.item(1), value);
      return 0;
    }
  },
  /** Moves one from an item to another. */
  TRANSFER(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      return move(session, task, 1);
    }
  },
  /** Sums up the first items, as many as its only item says. */
  SCAN(Reading.RANGES) {
    @Override
    long run(Session session, Task task) {
      return session.sum(0, task.item(0));
    }

    @Override
    long settle(Task task, long result) {
      long rows = task.item(0);
      return checked(result, rows * (rows - 1) / 2);
    }
  },
  /** SmallBank: what a customer has. */
  BALANCE(Reading.OTHERS) {
    @Override
    long run(Session session, Task task) {
      return session.get(task.item(0)) + session.get(task.item(1));
    }

    @Override
    long settle(Task task, long result) {
      return 0;
    }
  },
  /** SmallBank: a deposit. */
  DEPOSIT_CHECKING(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      return change(session, task.item(0), 130);
    }
  },
  /** SmallBank: a deposit or a withdrawal, which savings must cover. */
  TRANSACT_SAVINGS(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      long amount = task.value() % 2 == 0 ? 2020 : -2020;
      return session.get(task.item(0)) + amount < 0 ? 0 : change(session, task.item(0), amount);
    }
  },
  /** SmallBank: all that a customer has goes to the checking account of another. */
  AMALGAMATE(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      long all = session.get(task.item(0)) + session.get(task.item(1));
      long other = session.get(task.item(2));
      session.set(task.item(0), 0L);
      session.set(task.item(1), 0L);
      session.set(task.item(2), other + all);
      return 0;
    }
  },
  /** SmallBank: a check, with a penalty if the customer has less. */
  WRITE_CHECK(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      long balance = session.get(task.item(0)) + session.get(task.item(1));
      return change(session, task.item(0), balance < 500 ? -600 : -500);
    }
  },
  /** SmallBank: from one checking account to another, if the first covers it. */
  SEND_PAYMENT(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      return session.get(task.item(0)) < 500 ? 0 : move(session, task, 500);
    }
  },
  /** YCSB: reads some items and overwrites others. */
  UPDATE(Reading.OTHERS) {
    @Override
    long run(Session session, Task task) {
      readOthers(session, task);
      for (int i = 0; i < task.writes(); i++) {
        session.set(task.item(i), labelled(task.value(), task.item(i)));
      }
      return 0;
    }
  },
  /** YCSB: reads some items, reads and changes others. */
  MODIFY(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      readOthers(session, task);
      long changed = 0;
      for (int i = 0; i < task.writes(); i++) {
        changed += change(session, task.item(i), 1L << LABEL_BITS);
      }
      return changed;
    }
  },
  /** YCSB: reads some items, inserts others; what is there already is removed instead. */
  INSERT(Reading.WRITTEN) {
    @Override
    long run(Session session, Task task) {
      readOthers(session, task);
      insert(session, task);
      return 0;
    }
  },
  /** YCSB: scans from some items on, inserts others as {@link #INSERT} does. */
  SCAN_AND_INSERT(Reading.RANGES) {
    @Override
    long run(Session session, Task task) {
      for (int i = task.writes(); i < task.count(); i++) {
        int from = task.item(i);
        var _ = session.sum(from, 1 + Math.floorMod(31 * from + (int) task.value(), SCAN_ROWS_MAX));
      }
      insert(session, task);
      return 0;
    }
  };

  /** The most rows of one of YCSB's scans. */
  static final int SCAN_ROWS_MAX = 100;

  /** A value's low bits are its item's number, so that a mix-up is noticed. */
  static final int LABEL_BITS = 21;

  private static final long LABEL_MASK = (1L << LABEL_BITS) - 1;

  private final Reading reading;

  Shape(Reading reading) {
    this.reading = reading;
  }

  /** What a shape reads. */
  enum Reading {
    NOTHING,
    /** Only items that it does not write. */
    OTHERS,
    /** All items that it writes, maybe others. */
    WRITTEN,
    /** Ranges. */
    RANGES
  }

  /** {@return what {@link #settle} takes} */
  abstract long run(Session session, Task task);

  /**
   * Checks what a committed transaction returned.
   *
   * @return by how much it changed the sum of all items, where that is known
   * @throws IllegalStateException if no serial execution can have returned that
   */
  long settle(Task task, long result) {
    return result;
  }

  Reading reading() {
    return reading;
  }

  /** {@return whether a value belongs to an item of {@link #LABEL_BITS}} */
  static boolean isLabelled(long value, int item) {
    return (value & LABEL_MASK) == item;
  }

  private static long labelled(long value, int item) {
    return value << LABEL_BITS | item;
  }

  private static void readOthers(Session session, Task task) {
    for (int i = task.writes(); i < task.count(); i++) {
      @Nullable Long value = session.find(task.item(i));
      if (value != null && !isLabelled(value, task.item(i))) {
        throw new IllegalStateException("item " + task.item(i) + " has the value of another");
      }
    }
  }

  private static void insert(Session session, Task task) {
    for (int i = 0; i < task.writes(); i++) {
      int item = task.item(i);
      session.set(item, session.find(item) == null ? labelled(task.value(), item) : null);
    }
  }

  private static long change(Session session, int item, long amount) {
    session.set(item, session.get(item) + amount);
    return amount;
  }

  private static long move(Session session, Task task, long amount) {
    long from = session.get(task.item(0));
    long to = session.get(task.item(1));
    session.set(task.item(0), from - amount);
    session.set(task.item(1), to + amount);
    return 0;
  }

  private static long checked(long result, long expected) {
    if (result != expected) {
      throw new IllegalStateException("read a sum of " + result + " instead of " + expected);
    }
    return 0;
  }
}
