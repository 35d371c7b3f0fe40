package io.khonsu.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A process of a cluster that is measured: a node, or a client. It takes commands from its input,
 * one a line, answers each with one line, and ends with the input:
 *
 * <pre>
 *   leader               the number of the node that leads, or 0
 *   load CLIENTSxBYTES MILLIS
 *                        commits, failures, nanoseconds, and how long the commits took
 *   probe LOST           "committed", after the first commit that was done; or "elsewhere", if another
 *                        node leads than LOST, which led before
 * </pre>
 */
final class ClusterProgram {
  private ClusterProgram() {}

  /** Arguments: system, node or 0, directory, "new" or "old", all ports. */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // some peers print there
    BenchCommand.logWarningsOnly();
    List<Integer> ports = Arrays.stream(args).skip(4).map(Integer::valueOf).toList();
    ClusterSystem system = ClusterSystem.valueOf(args[0]);
    int node = Integer.parseInt(args[1]);
    ClusterSite site =
        new ClusterSite(system.size(), node, Path.of(args[2]), ports, args[3].equals("new"));
    try (CommitPath path = site.node() == 0 ? system.client(site) : system.node(site)) {
      out.println("ready");
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.println(answer(path, site.node(), line.split(" ", -1)));
      }
    }
    System.exit(0); // whatever threads a peer leaves
  }

  private static String answer(CommitPath path, int self, String[] command) throws Exception {
    return switch (command[0]) {
      case "leader" -> Integer.toString(path.leader());
      case "load" -> {
        ClusterLoad load = new ClusterLoad(path, ClusterLoad.Setting.parse(command[1]));
        Rounds.Round round = load.run(Long.parseLong(command[2]));
        Work work = round.work();
        yield "%d %d %d %s"
            .formatted(work.commits, work.failures, round.nanos(), round.latencies().text());
      }
      case "probe" ->
          ClusterLoad.probe(path, self, Integer.parseInt(command[1])) ? "committed" : "elsewhere";
      default -> throw new IOException("no command is called " + command[0]);
    };
  }
}
