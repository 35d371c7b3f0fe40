package io.khonsu.distributed;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Identity;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.ReplicaOptions;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * What one node is, and how it behaves.
 *
 * @param clusterId tells this cluster from others; the same on all nodes
 * @param group tells this group of replicas from others of the cluster; the same on all its nodes
 * @param member this node
 * @param members who is in the cluster when it begins; the same on all nodes. For a node that
 *     joins, itself and some that are members
 * @param addresses how the transport reaches each of these; from the first change of the members
 *     on, what the log says counts instead
 * @param consensus settings of the consensus
 * @param times how long things take
 * @param limits how much may be under way
 */
public record ClusterConfig(
    long clusterId,
    long group,
    Member member,
    Configuration members,
    Map<Long, String> addresses,
    ReplicaOptions consensus,
    Times times,
    Limits limits) {
  private static final int MESSAGE_BYTES_MAX = 16 << 20;

  /**
   * How long things take.
   *
   * @param tick the unit of the consensus' timeouts, 10 ms; with ten of them a round of heartbeats
   * @param commitTimeout when a commit without an answer is reported as unknown, 10 s
   * @param resend when what has no answer is sent again, 500 ms
   * @param upkeep how often the leader moves the watermark, 1 s
   * @param snapshotAge what a request has read at may be so old, 30 s
   * @param sessionAge a session that does nothing for so long ends, 10 min; much longer than
   *     commitTimeout
   */
  public record Times(
      Duration tick,
      Duration commitTimeout,
      Duration resend,
      Duration upkeep,
      Duration snapshotAge,
      Duration sessionAge) {
    /** No time is longer. */
    public static final Duration MAX = Duration.ofDays(365);

    /** Checks that all are positive, and that no session ends while a commit waits. */
    public Times {
      positive("tick", tick);
      positive("commitTimeout", commitTimeout);
      positive("resend", resend);
      positive("upkeep", upkeep);
      positive("snapshotAge", snapshotAge);
      positive("sessionAge", sessionAge);
      if (sessionAge.compareTo(commitTimeout.multipliedBy(2)) < 0) {
        throw new IllegalArgumentException(
            "sessionAge must be at least twice commitTimeout, but they are %s and %s"
                .formatted(sessionAge, commitTimeout));
      }
    }

    /** {@return the defaults, which are in the description of each setting} */
    public static Times defaults() {
      return new Times(
          Duration.ofMillis(10),
          Duration.ofSeconds(10),
          Duration.ofMillis(500),
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofMinutes(10));
    }

    private static void positive(String name, Duration duration) {
      if (duration.isNegative() || duration.isZero()) {
        throw new IllegalArgumentException(name + " must be positive, but is " + duration);
      }
      if (duration.compareTo(MAX) > 0) {
        throw new IllegalArgumentException(
            "%s must be at most %s, but is %s".formatted(name, MAX, duration));
      }
    }
  }

  /**
   * How much may be under way.
   *
   * @param batchBytesMax how many bytes of requests the leader puts into one entry, 1 MiB; one
   *     larger request has an entry of its own
   * @param batchCountMax how many requests it puts into one entry, 4096
   * @param batchesMax how many entries may be under way, 4; beyond, requests wait for them
   * @param pendingBytesMax how many bytes of requests may wait here for an answer, and how many at
   *     the leader for a place, 64 MiB each; beyond, they are refused, or sent again later
   * @param checkpointBytes after so many bytes of entries, or of what they have changed where that
   *     is more, a checkpoint is written, 64 MiB; of entries, so many at least are kept before it
   * @param inboxBytesMax how many bytes of messages may wait to be handled, 64 MiB; beyond, they
   *     are lost, and sent again
   * @param historyBytesMax how much of what requests may have read at is kept at most, estimated,
   *     256 MiB or a 32nd of this process' heap, whichever is less, and no more than a node's
   *     reserve of memory; while more than that is written within snapshotAge, less is kept
   */
  public record Limits(
      int batchBytesMax,
      int batchCountMax,
      int batchesMax,
      long pendingBytesMax,
      long checkpointBytes,
      long inboxBytesMax,
      long historyBytesMax) {
    /** Checks that all are positive. */
    public Limits {
      if (batchBytesMax < 1
          || batchCountMax < 1
          || batchesMax < 1
          || pendingBytesMax < 1
          || checkpointBytes < 1
          || inboxBytesMax < 1
          || historyBytesMax < 1) {
        throw new IllegalArgumentException(
            "limits must be positive, but are %d, %d, %d, %d, %d, %d, %d"
                .formatted(
                    batchBytesMax,
                    batchCountMax,
                    batchesMax,
                    pendingBytesMax,
                    checkpointBytes,
                    inboxBytesMax,
                    historyBytesMax));
      }
    }

    /** {@return the defaults, which are in the description of each setting} */
    public static Limits defaults() {
      long history = Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 32);
      return new Limits(1 << 20, 4096, 4, 64L << 20, 64L << 20, 64L << 20, history);
    }
  }

  /** Checks that the node is one of the members. */
  public ClusterConfig {
    Objects.requireNonNull(consensus, "consensus");
    Objects.requireNonNull(times, "times");
    Objects.requireNonNull(limits, "limits");
    addresses = Map.copyOf(addresses);
    if (!addresses.keySet().equals(nodes(members)) || !addresses.containsKey(member.node())) {
      throw new IllegalArgumentException(
          "node %s must be among %s, and each must have an address, but they are %s"
              .formatted(member, members, addresses));
    }
  }

  /** {@return a node of a new cluster of these nodes, with default settings} */
  public static ClusterConfig of(long clusterId, long node, long... nodes) {
    ReplicaOptions consensus =
        ReplicaOptions.defaults()
            .withTellTicks(1)
            .withLimits(MESSAGE_BYTES_MAX, 2 * MESSAGE_BYTES_MAX, 64 << 20);
    return new ClusterConfig(
        clusterId,
        1,
        new Member(node, 0),
        Configuration.ofNodes(1, nodes),
        LongStream.of(nodes).boxed().collect(toMap(each -> each, each -> "node-" + each)),
        consensus,
        Times.defaults(),
        Limits.defaults());
  }

  /** {@return this with other times} */
  public ClusterConfig with(Times other) {
    return new ClusterConfig(
        clusterId, group, member, members, addresses, consensus, other, limits);
  }

  /** {@return this with other limits} */
  public ClusterConfig with(Limits other) {
    return new ClusterConfig(clusterId, group, member, members, addresses, consensus, times, other);
  }

  /** {@return this with other settings of the consensus} */
  public ClusterConfig withConsensus(ReplicaOptions other) {
    return new ClusterConfig(clusterId, group, member, members, addresses, other, times, limits);
  }

  /**
   * {@return this with other addresses}
   *
   * @param other of each of the members, as the transport understands them
   */
  public ClusterConfig withAddresses(Map<Long, String> other) {
    return new ClusterConfig(clusterId, group, member, members, other, consensus, times, limits);
  }

  /** {@return this with the disk that the node has} */
  ClusterConfig as(Member itself) {
    return new ClusterConfig(
        clusterId, group, itself, members, addresses, consensus, times, limits);
  }

  private static Set<Long> nodes(Configuration members) {
    return members.members().stream().map(Member::node).collect(toSet());
  }

  /** {@return the largest request that fits into an entry} */
  public int requestBytesMax() {
    return consensus.limits().messageBytesMax() - 2 * LogEntry.HEADER_BYTES;
  }

  Identity identity() {
    return new Identity(clusterId, member);
  }
}
