package io.khonsu.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.server.node.ConfigException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code khonsu status}: how the nodes of a cluster are. */
@Command(
    name = "status",
    description = {
      "Says of nodes on this machine who leads, how far each is, and what its state is.",
      "",
      "The lag of a node is how many entries of the leader it is not known to have. Archive is how"
          + " long the oldest commit has waited that the node has yet to archive. Nodes that have"
          + " applied as much must have the same state. Ends with 0 if all is well, with 1 if a"
          + " node does not answer or has no leader, or states differ, with 3 if no node answers."
    })
final class StatusCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "The nodes' configuration files, as khonsu server takes them.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private List<Path> files;

  @Option(names = "--json", description = "Print the result as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    ClusterStatus status;
    try {
      status = ClusterStatus.of(files);
    } catch (ConfigException e) {
      spec.commandLine().getErr().println(spec.qualifiedName() + ": " + e.getMessage());
      return ExitCode.USAGE.code();
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(status.tree().toPrettyString());
    } else {
      out.println(
          line(
              "node",
              "role",
              "ballot",
              "decided",
              "accepted",
              "applied",
              "lag",
              "archive",
              "state hash"));
      for (JsonNode node : status.nodes()) {
        out.println(line(node, status));
      }
      status.printProblems(out);
    }
    return status.exitCode().code();
  }

  private static String line(JsonNode node, ClusterStatus status) {
    return line(
        node.path("node").asText(),
        ClusterStatus.role(node),
        node.path("promisedBallot").asText(),
        node.path("decidedIndex").asText(),
        node.path("acceptedIndex").asText(),
        node.path("appliedIndex").asText(),
        status.lag(node),
        ClusterStatus.archiveLag(node),
        node.path("stateHash").asText());
  }

  private static String line(Object... columns) {
    return String.format(Locale.ROOT, "%-6s %-9s %-14s %9s %9s %9s %6s %8s  %s", columns);
  }
}
