package io.khonsu.benchmarks;

import java.util.Locale;

/** Whose commits are measured: a system, and how its clients reach it. */
enum ClusterPeer {
  KHONSU("Khonsu, in the leader", ClusterSystem.KHONSU, Way.INSIDE),
  KHONSU_CLIENT("Khonsu, its client", ClusterSystem.KHONSU, Way.CLIENT),
  JRAFT("SOFAJRaft, in the leader", ClusterSystem.JRAFT, Way.INSIDE),
  JRAFT_CLIENT("SOFAJRaft, its client", ClusterSystem.JRAFT, Way.CLIENT),
  RATIS("Ratis, in the leader", ClusterSystem.RATIS, Way.INSIDE),
  RATIS_CLIENT("Ratis, its clients", ClusterSystem.RATIS, Way.CLIENT),
  ETCD("etcd, gRPC client", ClusterSystem.ETCD, Way.CLIENT),
  CEILING("ceiling: plain logs on gRPC", ClusterSystem.CEILING, Way.INSIDE),
  CEILING_CLIENT("ceiling: client of plain logs", ClusterSystem.CEILING, Way.CLIENT),
  NETWORK("gRPC round trip", ClusterSystem.NETWORK, Way.INSIDE),
  DISK("fdatasync", ClusterSystem.DISK, Way.INSIDE);

  /** Where commits come from. */
  enum Way {
    /** From the process that leads. */
    INSIDE,
    /** From another process, over loopback. */
    CLIENT
  }

  private final String title;
  private final ClusterSystem system;
  private final Way way;

  ClusterPeer(String title, ClusterSystem system, Way way) {
    this.title = title;
    this.system = system;
    this.way = way;
  }

  String title() {
    return title;
  }

  ClusterSystem system() {
    return system;
  }

  Way way() {
    return way;
  }

  /** {@return the limit of those whose commits come from the same place} */
  ClusterPeer ceiling() {
    return switch (way) {
      case INSIDE -> CEILING;
      case CLIENT -> CEILING_CLIENT;
    };
  }

  /** {@return the name as options and reports have it} */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean isKhonsu() {
    return system == ClusterSystem.KHONSU;
  }

  /** {@return whether it only says what the machine could do} */
  boolean isLimit() {
    return switch (this) {
      case CEILING, CEILING_CLIENT, NETWORK, DISK -> true;
      default -> false;
    };
  }
}
