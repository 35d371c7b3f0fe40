package io.khonsu.benchmarks;

/**
 * One thread's current transaction: its shape, the items it touches and a number of its own. The
 * items that it writes come first, so a contender that locks can lock them beforehand.
 */
class Task {
  private static final Shape[] SHAPES = Shape.values();

  private final int[] drawn;
  private int at;
  private Shape shape = Shape.READ;
  private int writes;
  private int count;
  private long value;

  /** Creates a task that is taken from drawn transactions, each a {@link #header} and its items. */
  Task(int[] drawn) {
    this.drawn = drawn;
  }

  @SuppressWarnings("EnumOrdinal") // taken back in the same run
  static int header(Shape shape, int writes, int count) {
    return shape.ordinal() | writes << 8 | count << 16;
  }

  /** Becomes the transaction that was drawn at an index. */
  final void load(int index, long newValue) {
    int header = drawn[index];
    at = index + 1;
    shape = SHAPES[header & 0xff];
    writes = header >>> 8 & 0xff;
    count = header >>> 16;
    value = newValue;
  }

  /** {@return what the shape's {@link Shape#settle} takes} May be called again and again. */
  long run(Session session) {
    return shape.run(session, this);
  }

  final Shape shape() {
    return shape;
  }

  final int item(int index) {
    return drawn[at + index];
  }

  /** {@return how many items it writes: the first ones} */
  final int writes() {
    return writes;
  }

  /** {@return how many items it touches} */
  final int count() {
    return count;
  }

  final boolean isReadOnly() {
    return writes == 0;
  }

  final boolean writesTo(int item) {
    for (int i = 0; i < writes; i++) {
      if (item(i) == item) {
        return true;
      }
    }
    return false;
  }

  /** {@return a number that no other transaction of the round has} */
  final long value() {
    return value;
  }
}
