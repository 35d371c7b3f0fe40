package io.khonsu.server;

import io.khonsu.server.node.LocalCluster;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code khonsu cluster local}: some nodes on this machine, each in a process of its own. */
@Command(
    name = "local",
    description = {
      "Runs some nodes on this machine, each in a process of its own, until Ctrl-C.",
      "",
      "The directory gets, for each node, a configuration, a disk and a file with all that it says."
          + " With a directory that was used before, the same nodes are started again."
    })
final class ClusterLocalCommand implements Callable<Integer> {
  private static final int NODES_MAX = 9;
  private static final Duration LEADER_TIMEOUT = Duration.ofSeconds(60);

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "How many, 1 to 9; default ${DEFAULT-VALUE}. Of no account if they were made before.")
  private int nodes;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      required = true,
      description = "Their directory: new, empty, or used before.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path directory;

  @Override
  public Integer call() throws InterruptedException {
    Arguments.checkRange(spec, "--nodes", nodes, 1, NODES_MAX);
    try (LocalCluster cluster = start()) {
      Thread stop = new Thread(() -> stop(cluster), "khonsu-stop");
      Runtime.getRuntime().addShutdownHook(stop);
      List<Long> all = LongStream.rangeClosed(1, cluster.size()).boxed().toList();
      long leader = cluster.awaitLeader(all, LEADER_TIMEOUT);
      describe(cluster, leader);
      cluster.awaitEnd(
          node -> say("node %d has ended; %s says why".formatted(node, cluster.log(node))));
      return ExitCode.UNAVAILABLE.code();
    } catch (IOException | TimeoutException e) {
      say(String.valueOf(e.getMessage()));
      return ExitCode.UNAVAILABLE.code();
    }
  }

  private LocalCluster start() throws IOException {
    String program = KhonsuCommand.class.getName();
    return LocalCluster.isIn(directory)
        ? LocalCluster.open(directory, program, List.of())
        : LocalCluster.create(directory, nodes, program, List.of());
  }

  private void describe(LocalCluster cluster, long leader) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    for (int node = 1; node <= cluster.size(); node++) {
      out.printf(
          "node %d%s  %s  log: %s%n",
          node, node == leader ? " leads  " : " follows", cluster.admin(node), cluster.log(node));
    }
    out.println();
    cluster
        .address()
        .ifPresent(
            address -> out.printf("Connect to them:       Khonsu.connect(\"%s\")%n", address));
    out.printf("See how they are:      ./khonsu status %s/node-*.conf%n", directory);
    out.printf("Start one that ended:  ./khonsu server --config %s%n", cluster.configuration(2));
    out.println("Stop them all:         Ctrl-C");
    out.flush();
  }

  private void say(String message) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(spec.qualifiedName() + ": " + message);
    err.flush();
  }

  private static void stop(LocalCluster cluster) {
    try {
      var _ = cluster.stop();
    } catch (InterruptedException _) {
      cluster.close();
    }
  }
}
