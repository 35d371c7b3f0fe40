package io.khonsu.benchmarks;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;

/** What runs in some processes on loopback and keeps copies of what is committed. */
enum ClusterSystem {
  KHONSU(3),
  JRAFT(3),
  RATIS(3),
  ETCD(3),
  CEILING(3),
  NETWORK(2),
  DISK(1);

  /** So that etcd takes all that is written: 2 GiB by default. */
  private static final long ETCD_QUOTA_BYTES = 8L << 30;

  private final int size;

  ClusterSystem(int size) {
    this.size = size;
  }

  /** {@return how many processes it has, its clients aside} */
  int size() {
    return size;
  }

  /**
   * {@return how many ports} Of Khonsu, first those of the nodes, then those for clients; of etcd,
   * the other way round. The client of the plain logs has one of its own.
   */
  int portCount() {
    return switch (this) {
      case KHONSU, ETCD -> 2 * size;
      case CEILING -> size + 1;
      case JRAFT, RATIS, NETWORK, DISK -> size;
    };
  }

  /** {@return whether it is on this machine} */
  boolean isInstalled() {
    String path = System.getenv("PATH");
    return this != ETCD
        || (path != null
            && Arrays.stream(path.split(File.pathSeparator, -1))
                .anyMatch(entry -> Files.isExecutable(Path.of(entry, "etcd"))));
  }

  /** {@return whether it goes on when its leader is lost} */
  boolean survives() {
    return switch (this) {
      case KHONSU, JRAFT, RATIS, ETCD -> true;
      case CEILING, NETWORK, DISK -> false;
    };
  }

  /** {@return one of its nodes, in this process} */
  CommitPath node(ClusterSite site) throws Exception {
    return switch (this) {
      case KHONSU -> new KhonsuNode(site);
      case JRAFT -> new JraftNode(site);
      case RATIS -> new RatisNode(site);
      case ETCD -> throw new IllegalArgumentException("etcd has a program of its own");
      case CEILING -> new PlainNode(site, 2, new PlainLog(site.directory()));
      case NETWORK -> new PlainNode(site, 1, null);
      case DISK -> new PlainNode(site, 1, new PlainLog(site.directory()));
    };
  }

  /** {@return a client of it, in this process} */
  CommitPath client(ClusterSite site) throws Exception {
    return switch (this) {
      case KHONSU -> new KhonsuClient(site);
      case JRAFT -> new JraftClient(site);
      case RATIS -> new RatisClient(site);
      case ETCD -> new EtcdClient(site);
      case CEILING -> new PlainClient(site);
      case NETWORK, DISK -> throw new IllegalArgumentException("no client reaches " + this);
    };
  }

  /** {@return how a node of etcd is started; all that is not said is as it is by default} */
  static List<String> etcdCommand(ClusterSite site) {
    StringJoiner nodes = new StringJoiner(",");
    for (int node = 1; node <= ETCD.size; node++) {
      nodes.add("n" + node + "=http://" + site.address(ETCD.size + node));
    }
    String client = "http://" + site.address(site.node());
    String peer = "http://" + site.address(ETCD.size + site.node());
    List<String> command = new ArrayList<>(List.of("etcd", "--name", "n" + site.node()));
    command.addAll(List.of("--data-dir", site.directory().resolve("etcd").toString()));
    command.addAll(List.of("--listen-client-urls", client, "--advertise-client-urls", client));
    command.addAll(List.of("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer));
    command.addAll(List.of("--initial-cluster", nodes.toString()));
    command.addAll(List.of("--initial-cluster-state", site.isNew() ? "new" : "existing"));
    command.addAll(List.of("--quota-backend-bytes", Long.toString(ETCD_QUOTA_BYTES)));
    command.addAll(List.of("--logger", "zap", "--log-outputs", "stderr", "--log-level", "warn"));
    return command;
  }
}
