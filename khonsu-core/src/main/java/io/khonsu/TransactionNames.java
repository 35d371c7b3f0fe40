package io.khonsu;

import java.util.concurrent.atomic.AtomicReferenceArray;

/** The names of the last transactions that have one, and committed or tried to. Thread-safe. */
final class TransactionNames {
  /** How many transactions in a row are remembered; a power of two. */
  static final int REMEMBERED = 1_024;

  private final AtomicReferenceArray<Named> slots = new AtomicReferenceArray<>(REMEMBERED);

  private record Named(long id, String name) {}

  /** Remembers a transaction before others can collide with it. Costs nothing without a name. */
  void note(long id, TransactionOptions options) {
    if (!options.name().equals(TransactionOptions.UNNAMED)) {
      slots.set(slot(id), new Named(id, options.name()));
    }
  }

  String of(long id) {
    Named found = slots.get(slot(id));
    return found != null && found.id == id ? found.name : TransactionOptions.UNNAMED;
  }

  private static int slot(long id) {
    return (int) (id & (REMEMBERED - 1));
  }
}
