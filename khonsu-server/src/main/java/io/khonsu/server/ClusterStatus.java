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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes of a cluster say of themselves, all asked at the same time.
 *
 * @param nodes what each says that answers
 * @param silent why each does not that does not, by its configuration file
 */
record ClusterStatus(List<JsonNode> nodes, Map<Path, String> silent) {

  /** What a node answers, or why it does not. */
  private record Answer(@Nullable JsonNode status, String failure) {}

  /**
   * Asks nodes on this machine.
   *
   * @param files their configurations
   * @throws ConfigException if one of these cannot be read
   */
  static ClusterStatus of(List<Path> files) throws ConfigException {
    List<JsonNode> nodes = new ArrayList<>();
    Map<Path, String> silent = new LinkedHashMap<>();
    Map<Path, Future<Answer>> answers = new LinkedHashMap<>();
    try (ExecutorService askers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Path file : files) {
        AdminClient node = new AdminClient(NodeConfig.readAdmin(file));
        answers.put(file, askers.submit(() -> ask(node)));
      }
    } // waits for all
    answers.forEach((file, future) -> {
      Answer answer = future.resultNow();
      if (answer.status == null) {
        silent.put(file, answer.failure);
      } else {
        nodes.add(answer.status);
      }
    });
    return new ClusterStatus(nodes, silent);
  }

  private static Answer ask(AdminClient node) {
    try {
      return new Answer(node.status(), "");
    } catch (IOException e) {
      return new Answer(null, String.valueOf(e.getMessage()));
    }
  }

  /** {@return whether nodes that have applied as much have the same state} */
  boolean statesAgree() {
    Map<Long, String> hashes = new HashMap<>();
    return nodes.stream()
        .allMatch(status -> {
          String hash = status.path("stateHash").asText();
          return hash.equals(
              hashes.computeIfAbsent(status.path("appliedIndex").asLong(), _ -> hash));
        });
  }

  /** {@return what a command ends with that has seen this} */
  ExitCode exitCode() {
    if (nodes.isEmpty()) {
      return ExitCode.UNAVAILABLE;
    }
    boolean allHealthy =
        silent.isEmpty() && nodes.stream().allMatch(status -> status.path("healthy").asBoolean());
    return allHealthy && statesAgree() ? ExitCode.OK : ExitCode.ANSWER_IS_NO;
  }

  static boolean leads(JsonNode status) {
    return status.path("node").asLong() == status.path("leader").asLong();
  }

  /** {@return what a node is in the cluster, in a word} */
  static String role(JsonNode status) {
    return switch (status.path("standing").asText()) {
      case "JOINING" -> "joining";
      case "REMOVED" -> "removed";
      case "LEAVING" -> "leaving";
      default -> leads(status) ? "leader" : "follower";
    };
  }

  /** {@return how far a node is behind, as its leader knows, if that answered} */
  String lag(JsonNode node) {
    if (leads(node)) {
      return "-";
    }
    for (JsonNode status : nodes) {
      if (leads(status)) {
        for (JsonNode peer : status.path("peers")) {
          if (peer.path("node").asLong() == node.path("node").asLong()) {
            return peer.path("lag").asText();
          }
        }
      }
    }
    return "?";
  }

  /** {@return how long the oldest commit has waited that a node has yet to archive, if it does} */
  static String archiveLag(JsonNode node) {
    JsonNode millis = node.at("/archive/lagMillis");
    return millis.isMissingNode()
        ? "-"
        : String.format(Locale.ROOT, "%.1fs", millis.asLong() / 1e3);
  }

  /** Prints, a line each, what is not as it should be. */
  void printProblems(PrintWriter out) {
    silent.forEach((file, why) -> out.printf("%s: no answer, %s%n", file, why));
    for (JsonNode status : nodes) {
      if (!status.path("healthy").asBoolean()) {
        out.printf("node %s: %s%n", status.path("node").asText(), status.path("problem").asText());
      }
      status
          .path("warnings")
          .forEach(warning ->
              out.printf("node %s: warning: %s%n", status.path("node").asText(), warning.asText()));
    }
    if (!statesAgree()) {
      out.println("STATES DIFFER: nodes that have applied as much do not have the same state.");
    }
  }

  /** {@return all of it, for {@code --json}} */
  ObjectNode tree() {
    ObjectNode tree = new ObjectMapper().createObjectNode();
    ArrayNode all = tree.putArray("nodes");
    nodes.forEach(all::add);
    ObjectNode failures = tree.putObject("unreachable");
    silent.forEach((file, why) -> failures.put(file.toString(), why));
    tree.put("statesAgree", statesAgree());
    return tree;
  }
}
