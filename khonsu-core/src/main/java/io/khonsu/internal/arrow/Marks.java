package io.khonsu.internal.arrow;

import java.util.Arrays;

/** The sizes of a tree of column builders, in the order in which they are written and read. */
final class Marks {
  private int[] sizes = new int[16];
  private int position;

  void rewind() {
    position = 0;
  }

  void write(int size) {
    if (position == sizes.length) {
      sizes = Arrays.copyOf(sizes, 2 * position);
    }
    sizes[position++] = size;
  }

  int read() {
    return sizes[position++];
  }
}
