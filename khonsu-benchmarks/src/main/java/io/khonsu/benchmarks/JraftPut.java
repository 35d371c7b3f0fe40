package io.khonsu.benchmarks;

import java.io.Serializable;

/** What a client asks a SOFAJRaft node for, in the serialization that its network has. */
final class JraftPut implements Serializable {
  private static final long serialVersionUID = 1;

  private final int item;
  private final byte[] value;

  JraftPut(int item, byte[] value) {
    this.item = item;
    this.value = value;
  }

  int item() {
    return item;
  }

  byte[] value() {
    return value;
  }
}
