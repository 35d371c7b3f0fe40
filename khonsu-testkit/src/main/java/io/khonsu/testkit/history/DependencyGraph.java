package io.khonsu.testkit.history;

import java.util.Arrays;

/** The transactions of a history and what makes one come before another, in flat arrays. */
final class DependencyGraph {
  /** The target overwrites what the source wrote. */
  static final int WW = 1;

  /** The target reads what the source wrote. */
  static final int WR = 2;

  /** The target overwrites what the source read: an anti-dependency. */
  static final int RW = 4;

  /** The target began after the source was acknowledged. */
  static final int REAL_TIME = 8;

  private final int[] first;
  private int[] next = new int[64];
  private int[] sources = new int[64];
  private int[] targets = new int[64];
  private int[] kinds = new int[64];
  private long[] keys = new long[64];
  private int edgeCount;

  DependencyGraph(int nodeCount) {
    first = new int[nodeCount];
    Arrays.fill(first, -1);
  }

  int nodeCount() {
    return first.length;
  }

  /** Adds an edge about {@code key}; an edge from a transaction to itself means nothing. */
  void add(int source, int target, int kind, long key) {
    if (source == target) {
      return;
    }
    if (edgeCount == next.length) {
      int size = 2 * edgeCount;
      next = Arrays.copyOf(next, size);
      sources = Arrays.copyOf(sources, size);
      targets = Arrays.copyOf(targets, size);
      kinds = Arrays.copyOf(kinds, size);
      keys = Arrays.copyOf(keys, size);
    }
    next[edgeCount] = first[source];
    sources[edgeCount] = source;
    targets[edgeCount] = target;
    kinds[edgeCount] = kind;
    keys[edgeCount] = key;
    first[source] = edgeCount++;
  }

  /** {@return the first edge out of {@code node}, or -1} */
  int firstEdge(int node) {
    return first[node];
  }

  /** {@return the next edge out of the same node, or -1} */
  int nextEdge(int edge) {
    return next[edge];
  }

  int source(int edge) {
    return sources[edge];
  }

  int target(int edge) {
    return targets[edge];
  }

  int kind(int edge) {
    return kinds[edge];
  }

  /** {@return the edge as an arrow with its kind and key} */
  String arrow(int edge) {
    return switch (kinds[edge]) {
      case WW -> " -ww on " + keys[edge] + "-> ";
      case WR -> " -wr on " + keys[edge] + "-> ";
      case RW -> " -rw on " + keys[edge] + "-> ";
      default -> " -real time-> ";
    };
  }
}
