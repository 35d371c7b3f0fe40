package io.khonsu.simulation;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Which replicas reach which others: one bit for each direction of each pair. Ids are 1 to 63. */
final class Links {
  private static final int IDS = 64;

  private final long[] cut = new long[IDS];

  /** {@return whether messages of {@code from} reach {@code to}} */
  boolean isUp(int from, int to) {
    return (cut[from] & (1L << to)) == 0;
  }

  /** {@return how many directions are cut} */
  int cuts() {
    int count = 0;
    for (long mask : cut) {
      count += Long.bitCount(mask);
    }
    return count;
  }

  void healAll() {
    Arrays.fill(cut, 0);
  }

  void cutOneWay(int from, int to) {
    cut[from] |= 1L << to;
  }

  void cutBothWays(int a, int b) {
    cutOneWay(a, b);
    cutOneWay(b, a);
  }

  void joinOneWay(int from, int to) {
    cut[from] &= ~(1L << to);
  }

  void joinBothWays(int a, int b) {
    joinOneWay(a, b);
    joinOneWay(b, a);
  }

  void cutAll(List<Integer> ids) {
    for (int a : ids) {
      for (int b : ids) {
        if (a != b) {
          cutOneWay(a, b);
        }
      }
    }
  }

  /** Leaves only links between {@code hub} and the others. */
  void star(List<Integer> ids, int hub) {
    cutAll(ids);
    ids.stream().filter(id -> id != hub).forEach(id -> joinBothWays(hub, id));
  }

  /** Leaves only links between neighbours in {@code ids}. */
  void chain(List<Integer> ids) {
    cutAll(ids);
    for (int i = 1; i < ids.size(); i++) {
      joinBothWays(ids.get(i - 1), ids.get(i));
    }
  }

  /** Leaves only links between neighbours in {@code ids}, and between the last and the first. */
  void ring(List<Integer> ids) {
    chain(ids);
    joinBothWays(ids.getFirst(), ids.getLast());
  }

  /** Cuts {@code id} off from all others. */
  void isolate(List<Integer> ids, int id) {
    ids.stream().filter(other -> other != id).forEach(other -> cutBothWays(id, other));
  }

  /** Lets {@code id} send, but not hear. */
  void deafen(List<Integer> ids, int id) {
    ids.stream().filter(other -> other != id).forEach(other -> cutOneWay(other, id));
  }

  /** Lets {@code id} hear, but not send. */
  void silence(List<Integer> ids, int id) {
    ids.stream().filter(other -> other != id).forEach(other -> cutOneWay(id, other));
  }

  /** Leaves links inside {@code side} and inside the rest, none between them. */
  void split(List<Integer> ids, List<Integer> side) {
    for (int a : ids) {
      for (int b : ids) {
        if (side.contains(a) != side.contains(b)) {
          cutOneWay(a, b);
        }
      }
    }
  }

  /** Makes every link, both directions together, up with a probability. */
  void randomGraph(List<Integer> ids, double up, SplittableRandom random) {
    cutAll(ids);
    for (int i = 0; i < ids.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (random.nextDouble() < up) {
          joinBothWays(ids.get(i), ids.get(j));
        }
      }
    }
  }

  /** Makes every direction of every link up with a probability. */
  void randomOneWayGraph(List<Integer> ids, double up, SplittableRandom random) {
    cutAll(ids);
    for (int a : ids) {
      for (int b : ids) {
        if (random.nextDouble() < up) {
          joinOneWay(a, b);
        }
      }
    }
  }

  /** {@return how many of {@code ids} a replica reaches and hears, itself included} */
  int connectivity(List<Integer> ids, int id) {
    return (int) ids.stream().filter(other -> isUp(id, other) && isUp(other, id)).count();
  }
}
