package io.khonsu.distributed;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Member;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who is in a cluster and how they are reached, and who was. Every change of the members carries it
 * in the log, so it is part of the replicated state.
 *
 * @param configuration the number of the change that made it; 1 when the cluster begins
 * @param entries those who are in it, by node, and then those who were, of the last {@value
 *     #FORMER_MAX} who left
 */
public record ClusterMembers(long configuration, List<Entry> entries) {
  /** The largest number of members. */
  public static final int MEMBERS_MAX = Configuration.MEMBERS_MAX;

  private static final int FORMER_MAX = 100;
  private static final byte FORMAT_VERSION = 1;

  /**
   * One who is or was in it.
   *
   * @param member which disk of which node
   * @param address how the others reach it, as the transport understands that
   * @param removedBy the change by which it has left, or 0
   */
  public record Entry(Member member, String address, long removedBy) {
    /** {@return its number} */
    public long node() {
      return member.node();
    }

    /** {@return the number of its disk} */
    public long incarnation() {
      return member.incarnation();
    }

    /** {@return whether it is in the cluster} */
    public boolean isCurrent() {
      return removedBy == 0;
    }
  }

  /** Takes a copy. */
  public ClusterMembers {
    entries = List.copyOf(entries);
  }

  /** {@return those of a configuration, of whom nobody has left yet} */
  static ClusterMembers of(Configuration configuration, Map<Long, String> addresses) {
    return new ClusterMembers(
        configuration.id(),
        configuration.members().stream()
            .map(member ->
                new Entry(member, addresses.getOrDefault(member.node(), member.toString()), 0))
            .toList());
  }

  /** {@return those who are in it, by node} */
  public List<Entry> current() {
    return entries.stream().filter(Entry::isCurrent).toList();
  }

  /** {@return whether a node is in it, with whatever disk} */
  public boolean hasNode(long node) {
    return current().stream().anyMatch(entry -> entry.member().node() == node);
  }

  /** {@return whether a member was in it and is not any more} */
  boolean hasLeft(Member member) {
    return entries.stream().anyMatch(entry -> !entry.isCurrent() && entry.member().equals(member));
  }

  /**
   * {@return how to reach, by node, those who are in it, and those who left by the last change:
   * they are to hear of it}
   */
  Map<Long, String> reachable() {
    Map<Long, String> reachable = new TreeMap<>();
    for (Entry entry : entries) { // those who are in it come first: a node may have another disk
      if (entry.isCurrent() || entry.removedBy() == configuration) {
        reachable.putIfAbsent(entry.member().node(), entry.address());
      }
    }
    return reachable;
  }

  /** {@return those after a change} */
  ClusterMembers changed(Set<Long> removed, Map<Member, String> added) {
    long next = configuration + 1;
    List<Entry> current = new ArrayList<>();
    List<Entry> former = new ArrayList<>();
    added.forEach((member, address) -> current.add(new Entry(member, address, 0)));
    for (Entry entry : entries) {
      if (entry.isCurrent() && !removed.contains(entry.member().node())) {
        current.add(entry);
      } else if (!added.containsKey(entry.member())) {
        long by = entry.isCurrent() ? next : entry.removedBy();
        former.add(new Entry(entry.member(), entry.address(), by));
      }
    }
    current.sort(Comparator.comparing(Entry::member));
    former.sort(Comparator.comparingLong(Entry::removedBy).reversed());
    current.addAll(former.subList(0, Math.min(former.size(), FORMER_MAX)));
    return new ClusterMembers(next, current);
  }

  /** {@return the configuration of the consensus} */
  Configuration toConfiguration() {
    return Configuration.of(configuration, current().stream().map(Entry::member).toList());
  }

  /** {@return all of it, as {@link #decode} reads it} */
  byte[] encode() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteBuffer head = ByteBuffer.allocate(13).put(FORMAT_VERSION).putLong(configuration);
    out.writeBytes(head.putInt(entries.size()).array());
    for (Entry entry : entries) {
      byte[] address = entry.address().getBytes(StandardCharsets.UTF_8);
      ByteBuffer fields = ByteBuffer.allocate(28).putLong(entry.member().node());
      fields.putLong(entry.member().incarnation()).putLong(entry.removedBy());
      out.writeBytes(fields.putInt(address.length).array());
      out.writeBytes(address);
    }
    return out.toByteArray();
  }

  /**
   * {@return what was encoded}
   *
   * @throws IllegalArgumentException if it was not
   */
  static ClusterMembers decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new IllegalArgumentException("a list of members has format version " + format);
      }
      long configuration = in.getLong();
      int count = in.getInt();
      List<Entry> entries = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Member member = new Member(in.getLong(), in.getLong());
        long removedBy = in.getLong();
        entries.add(new Entry(member, text(in), removedBy));
      }
      return new ClusterMembers(configuration, entries);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException(
          "a list of members of %d bytes is cut off".formatted(bytes.length), e);
    }
  }

  private static String text(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "an address of %d bytes in %d".formatted(length, in.remaining()));
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
