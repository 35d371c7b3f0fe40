package io.khonsu.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.khonsu.server.node.ConfigException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code khonsu top}: how the nodes of a cluster are, again and again. */
@Command(
    name = "top",
    description = {
      "Shows who leads, how far each node on this machine is, and what it gets done, until Ctrl-C.",
      "",
      "Every node applies every commit, so what one commits in a second is what the cluster does."
          + " Lag: entries of the leader that a node is not known to have. Archive: how long the"
          + " oldest commit has waited that the node has yet to archive. Waiting: commits of a"
          + " node's clients without an outcome, and at the leader those without a place in the"
          + " log. Log: MiB of entries in memory. After --count rounds it ends as khonsu status"
          + " does."
    })
final class TopCommand implements Callable<Integer> {
  /** Of a terminal: to the upper left corner; erase what is right of the cursor, and below. */
  private static final String HOME = "\033[H";

  private static final String ERASE_LINE = "\033[K";
  private static final String ERASE_BELOW = "\033[J";

  private static final double BYTES_PER_MEBIBYTE = 1 << 20;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "The nodes' configuration files, as khonsu server takes them.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private List<Path> files;

  @Option(
      names = "--interval",
      paramLabel = "SECONDS",
      defaultValue = "1",
      description = "How often they are asked; ${DEFAULT-VALUE}.")
  private int interval;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "How often before it ends; until Ctrl-C if not given.")
  private @Nullable Long count;

  @Option(
      names = "--json",
      description = "Print each round as JSON, with rates by node, on a line of its own.")
  private boolean json;

  /** What each node said in the round before. */
  private final Map<Long, JsonNode> former = new HashMap<>();

  @Override
  public Integer call() throws InterruptedException {
    checkAtLeastOne("--interval", interval);
    if (count != null) {
      checkAtLeastOne("--count", count);
    }
    try {
      for (long round = 1; ; round++) {
        ClusterStatus status = ClusterStatus.of(files);
        show(status);
        status.nodes().forEach(node -> former.put(node.path("node").asLong(), node));
        if (count != null && round >= count) {
          return status.exitCode().code();
        }
        TimeUnit.SECONDS.sleep(interval);
      }
    } catch (ConfigException e) {
      spec.commandLine().getErr().println(spec.qualifiedName() + ": " + e.getMessage());
      return ExitCode.USAGE.code();
    }
  }

  private void checkAtLeastOne(String option, long value) {
    if (value < 1) {
      throw new ParameterException(
          spec.commandLine(), "%s is at least 1, not %d".formatted(option, value));
    }
  }

  private void show(ClusterStatus status) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(tree(status));
    } else if (Progress.Target.here() == Progress.Target.TERMINAL) {
      out.print(
          HOME
              + text(status).replace(System.lineSeparator(), ERASE_LINE + System.lineSeparator())
              + ERASE_BELOW);
    } else {
      out.println(text(status));
    }
    out.flush();
  }

  private ObjectNode tree(ClusterStatus status) {
    ObjectNode tree = status.tree();
    ObjectNode rates = tree.putObject("perSecond");
    for (JsonNode node : status.nodes()) {
      ObjectNode each = rates.putObject(node.path("node").asText());
      perSecond(node, "/counts/commits").ifPresent(rate -> each.put("commits", rate));
      perSecond(node, "/counts/aborts").ifPresent(rate -> each.put("aborts", rate));
      perSecond(node, "/decidedIndex").ifPresent(rate -> each.put("entries", rate));
    }
    return tree;
  }

  private String text(ClusterStatus status) {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    out.println(
        line(
            "node",
            "role",
            "ballot",
            "decided",
            "accepted",
            "lag",
            "archive",
            "commits/s",
            "aborts/s",
            "entries/s",
            "waiting",
            "log"));
    for (JsonNode node : status.nodes()) {
      out.println(line(node, status));
    }
    status.printProblems(out);
    return text.toString();
  }

  private String line(JsonNode node, ClusterStatus status) {
    JsonNode queues = node.path("queues");
    return line(
        node.path("node").asText(),
        ClusterStatus.role(node),
        node.path("promisedBallot").asText(),
        node.path("decidedIndex").asText(),
        node.path("acceptedIndex").asText(),
        status.lag(node),
        ClusterStatus.archiveLag(node),
        rate(node, "/counts/commits"),
        rate(node, "/counts/aborts"),
        rate(node, "/decidedIndex"),
        queues.path("submissions").asLong() + queues.path("batching").asLong(),
        String.format(Locale.ROOT, "%.1f", node.path("logBytes").asLong() / BYTES_PER_MEBIBYTE));
  }

  private static String line(Object... columns) {
    return String.format(
        Locale.ROOT, "%-6s %-9s %-14s %9s %9s %6s %8s %9s %8s %9s %7s %7s", columns);
  }

  private String rate(JsonNode node, String pointer) {
    OptionalDouble rate = perSecond(node, pointer);
    return rate.isPresent() ? String.format(Locale.ROOT, "%.0f", rate.getAsDouble()) : "-";
  }

  /** {@return by how much a number has grown in a second, or empty if it cannot be told} */
  private OptionalDouble perSecond(JsonNode node, String pointer) {
    JsonNode before = former.get(node.path("node").asLong());
    if (before == null) {
      return OptionalDouble.empty();
    }
    long millis = node.path("epochMillis").asLong() - before.path("epochMillis").asLong();
    long grown = node.at(pointer).asLong() - before.at(pointer).asLong();
    boolean wasRestarted = grown < 0;
    return millis <= 0 || wasRestarted
        ? OptionalDouble.empty()
        : OptionalDouble.of(grown * (double) TimeUnit.SECONDS.toMillis(1) / millis);
  }
}
