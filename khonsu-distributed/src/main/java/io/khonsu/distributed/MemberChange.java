package io.khonsu.distributed;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How the members of a running cluster are to change, in one step. A node that is in both parts is
 * replaced by itself: it has lost its disk, and joins with an empty one.
 *
 * @param added the addresses of nodes that wait to join, by node, as the transport understands them
 * @param removed nodes that are members
 */
public record MemberChange(Map<Long, String> added, Set<Long> removed) {
  /**
   * Takes copies.
   *
   * @throws IllegalArgumentException if nothing changes, or a node's number is not positive
   */
  public MemberChange {
    added = Collections.unmodifiableMap(new TreeMap<>(added));
    removed = Collections.unmodifiableSet(new TreeSet<>(removed));
    if (added.isEmpty() && removed.isEmpty()) {
      throw new IllegalArgumentException("nothing is to change: name a node");
    }
    if (added.keySet().stream().anyMatch(node -> node < 1)) {
      throw new IllegalArgumentException("nodes have positive numbers, but are " + added.keySet());
    }
  }

  /** {@return that a node joins} */
  public static MemberChange add(long node, String address) {
    return new MemberChange(Map.of(node, address), Set.of());
  }

  /** {@return that a node leaves} */
  public static MemberChange remove(long node) {
    return new MemberChange(Map.of(), Set.of(node));
  }

  /** {@return that a node leaves, and another one takes its place} */
  public static MemberChange replace(long old, long node, String address) {
    return new MemberChange(Map.of(node, address), Set.of(old));
  }
}
