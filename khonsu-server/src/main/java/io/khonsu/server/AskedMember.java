package io.khonsu.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.ConfigException;
import io.khonsu.server.node.NodeConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The node on this machine that a command asks, and how its answers are shown. */
final class AskedMember {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "The configuration file of a node on this machine.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path file;

  @Option(names = "--json", description = "Print the result as JSON.")
  private boolean json;

  /** Something to ask. */
  interface Question {
    /** {@return the node's answer} */
    JsonNode ask(AdminClient node) throws IOException;
  }

  /** What an answer means. */
  interface Reader {
    /** Prints the answer in words; {@return what the command ends with} */
    ExitCode read(JsonNode answer, PrintWriter out);
  }

  /** Asks the node, and shows what it answers; {@return the command's exit status} */
  int ask(Question question, Reader reader) {
    PrintWriter err = spec.commandLine().getErr();
    JsonNode answer;
    try {
      answer = question.ask(new AdminClient(NodeConfig.readAdmin(file)));
    } catch (ConfigException e) {
      err.println(spec.qualifiedName() + ": " + e.getMessage());
      return ExitCode.USAGE.code();
    } catch (IOException e) {
      err.println(spec.qualifiedName() + ": " + file + ": no answer, " + e.getMessage());
      return ExitCode.UNAVAILABLE.code();
    }
    PrintWriter out = spec.commandLine().getOut();
    ExitCode code = reader.read(answer, json ? new PrintWriter(PrintWriter.nullWriter()) : out);
    if (json) {
      out.println(answer.toPrettyString());
    }
    return code.code();
  }

  /** Changes the members; {@return the command's exit status} */
  int change(Map<Long, String> added, Set<Long> removed) {
    return ask(node -> node.changeMembers(added, removed), AskedMember::readChange);
  }

  private static ExitCode readChange(JsonNode answer, PrintWriter out) {
    return switch (answer.path("result").asText()) {
      case "CHANGED" -> {
        printMembers(answer.path("members"), out);
        yield ExitCode.OK;
      }
      case "REFUSED" -> {
        out.println("Nothing was changed: " + answer.path("message").asText() + ".");
        yield ExitCode.ANSWER_IS_NO;
      }
      default -> {
        out.println("It is not known whether that was done: " + answer.path("message").asText());
        yield ExitCode.UNAVAILABLE;
      }
    };
  }

  static void printMembers(JsonNode members, PrintWriter out) {
    out.printf("%-6s %s%n", "node", "address");
    for (JsonNode member : members) {
      out.printf(
          Locale.ROOT, "%-6s %s%n", member.path("node").asText(), member.path("address").asText());
    }
  }

  /** {@return the nodes of {@code NODE=HOST:PORT}} */
  static Map<Long, String> addresses(CommandSpec spec, Iterable<String> texts) {
    Map<Long, String> addresses = new TreeMap<>();
    for (String text : texts) {
      String[] parts = text.split("=", 2);
      if (parts.length < 2 || !parts[0].matches("[1-9]\\d{0,17}") || !parts[1].contains(":")) {
        throw new ParameterException(
            spec.commandLine(),
            "expected NODE=HOST:PORT, such as 4=10.0.0.4:7001, but was " + text);
      }
      if (addresses.put(Long.parseLong(parts[0]), parts[1]) != null) {
        throw new ParameterException(spec.commandLine(), "node " + parts[0] + " is there twice");
      }
    }
    return addresses;
  }
}
