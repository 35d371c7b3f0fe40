package io.khonsu.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.ConfigException;
import io.khonsu.server.node.NodeConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
      "The lag of a node is how many entries of the leader it is not known to have. Nodes that have"
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
    Map<Path, JsonNode> found = new LinkedHashMap<>();
    Map<Path, String> silent = new LinkedHashMap<>();
    for (Path file : files) {
      try {
        found.put(file, new AdminClient(NodeConfig.readAdmin(file)).status());
      } catch (ConfigException e) {
        spec.commandLine().getErr().println(spec.qualifiedName() + ": " + e.getMessage());
        return ExitCode.USAGE.code();
      } catch (IOException e) {
        silent.put(file, String.valueOf(e.getMessage()));
      }
    }
    boolean statesAgree = statesAgree(found);
    if (json) {
      printJson(found, silent, statesAgree);
    } else {
      printTable(found, silent, statesAgree);
    }
    if (found.isEmpty()) {
      return ExitCode.UNAVAILABLE.code();
    }
    boolean allHealthy =
        silent.isEmpty()
            && found.values().stream().allMatch(status -> status.path("healthy").asBoolean());
    return (allHealthy && statesAgree ? ExitCode.OK : ExitCode.ANSWER_IS_NO).code();
  }

  private static boolean statesAgree(Map<Path, JsonNode> found) {
    Map<Long, String> hashes = new LinkedHashMap<>();
    return found.values().stream()
        .allMatch(status -> {
          String hash = status.path("stateHash").asText();
          return hash.equals(
              hashes.computeIfAbsent(status.path("appliedIndex").asLong(), _ -> hash));
        });
  }

  private void printJson(Map<Path, JsonNode> found, Map<Path, String> silent, boolean statesAgree) {
    ObjectNode tree = new ObjectMapper().createObjectNode();
    ArrayNode nodes = tree.putArray("nodes");
    found.values().forEach(nodes::add);
    ObjectNode failures = tree.putObject("unreachable");
    silent.forEach((file, why) -> failures.put(file.toString(), why));
    tree.put("statesAgree", statesAgree);
    spec.commandLine().getOut().println(tree.toPrettyString());
  }

  private void printTable(
      Map<Path, JsonNode> found, Map<Path, String> silent, boolean statesAgree) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        line("node", "role", "ballot", "decided", "accepted", "applied", "lag", "state hash"));
    found.values().forEach(status -> out.println(line(status, found)));
    silent.forEach((file, why) -> out.printf("%s: no answer, %s%n", file, why));
    found
        .values()
        .forEach(status -> {
          if (!status.path("healthy").asBoolean()) {
            out.printf(
                "node %s: %s%n", status.path("node").asText(), status.path("problem").asText());
          }
        });
    if (!statesAgree) {
      out.println("STATES DIFFER: nodes that have applied as much do not have the same state.");
    }
  }

  private static String line(JsonNode status, Map<Path, JsonNode> found) {
    String node = status.path("node").asText();
    boolean leads = node.equals(status.path("leader").asText());
    return line(
        node,
        role(status, leads),
        status.path("promisedBallot").asText(),
        status.path("decidedIndex").asText(),
        status.path("acceptedIndex").asText(),
        status.path("appliedIndex").asText(),
        leads ? "-" : lag(node, found),
        status.path("stateHash").asText());
  }

  private static String role(JsonNode status, boolean leads) {
    return switch (status.path("standing").asText()) {
      case "JOINING" -> "joining";
      case "REMOVED" -> "removed";
      default -> leads ? "leader" : "follower";
    };
  }

  /** {@return how far a node is behind, as its leader knows, if that was asked} */
  private static String lag(String node, Map<Path, JsonNode> found) {
    for (JsonNode status : found.values()) {
      if (status.path("node").asLong() == status.path("leader").asLong()) {
        for (JsonNode peer : status.path("peers")) {
          if (peer.path("node").asText().equals(node)) {
            return peer.path("lag").asText();
          }
        }
      }
    }
    return "?";
  }

  private static String line(Object... columns) {
    return String.format(Locale.ROOT, "%-6s %-9s %-14s %9s %9s %9s %6s  %s", columns);
  }
}
