package io.khonsu.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;

/**
 * Who decides, and by what quorums.
 *
 * @param id its number; later configurations have higher ones
 * @param members the replicas, by node; 1 to 9
 * @param quorums how many of them must agree
 */
public record Configuration(long id, List<Member> members, Quorums quorums) {
  /** The largest number of members. */
  public static final int MEMBERS_MAX = 9;

  /** Sorts the members and checks that the quorums meet. */
  public Configuration {
    Objects.requireNonNull(quorums, "quorums");
    List<Member> sorted = new ArrayList<>(members);
    sorted.sort(null);
    members = List.copyOf(sorted);
    int size = members.size();
    if (id < 1) {
      throw new IllegalArgumentException("a configuration's id must be positive, but is " + id);
    }
    if (size < 1 || size > MEMBERS_MAX) {
      throw new IllegalArgumentException(
          "a configuration has 1 to " + MEMBERS_MAX + " members, not " + size);
    }
    for (int i = 1; i < size; i++) {
      if (members.get(i).node() == members.get(i - 1).node()) {
        throw new IllegalArgumentException("node " + members.get(i).node() + " is listed twice");
      }
    }
    if (quorums.prepare() > size
        || quorums.accept() > size
        || quorums.prepare() + quorums.accept() <= size) {
      throw new IllegalArgumentException(
          "quorums of "
              + size
              + " members must each be at most that and add up to more: "
              + quorums);
    }
  }

  /** {@return a configuration with majority quorums} */
  public static Configuration of(long id, List<Member> members) {
    return new Configuration(id, members, Quorums.majority(members.size()));
  }

  /** {@return a configuration of first incarnations with majority quorums} */
  public static Configuration ofNodes(long id, long... nodes) {
    return of(id, LongStream.of(nodes).mapToObj(node -> new Member(node, 0)).toList());
  }

  /** {@return whether {@code member} may vote, under this very incarnation} */
  public boolean contains(Member member) {
    return slot(member) >= 0;
  }

  /** {@return the place of {@code member} among the members, or a negative number} */
  int slot(Member member) {
    // Nine members at most: a loop is the fastest search.
    for (int i = 0; i < members.size(); i++) {
      Member candidate = members.get(i);
      if (candidate.node() == member.node()) {
        return candidate.incarnation() == member.incarnation() ? i : -1;
      }
    }
    return -1;
  }
}
