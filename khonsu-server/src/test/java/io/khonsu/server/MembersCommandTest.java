package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.server.node.Configurations;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Changing members and leader from the command line, with nodes in this process. */
@Timeout(300)
class MembersCommandTest {
  @TempDir private Path root;
  private Path first;
  private Path second;
  private String secondAddress;

  @BeforeEach
  void writeFiles() throws Exception {
    first = Configurations.write(root, 1);
    second = Configurations.write(root, 2);
    secondAddress = addressLine(second, 2);
    Files.writeString(
        second, Files.readString(second) + "node.1 = " + addressLine(first, 1) + "\n");
  }

  private static String addressLine(Path file, int node) throws Exception {
    String key = "node." + node + " = ";
    return Files.readAllLines(file).stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()))
        .findFirst()
        .orElseThrow();
  }

  private static RunningNode start(Path file, NodePresence presence) throws Exception {
    return RunningNode.start(NodeConfig.read(file), presence, RunningNode.Faults.REFUSED);
  }

  private static void awaitLeader(RunningNode node) {
    try (Snapshot snapshot = node.member().store().snapshot()) {
      assertThat(snapshot.version()).isNotNegative();
    }
  }

  private static void assertRun(CommandRun run, int exitCode, String... texts) {
    assertThat(run.out() + run.err()).contains(texts);
    assertThat(run.exitCode()).as(run.out() + run.err()).isEqualTo(exitCode);
  }

  @Test
  void members_areListedAddedAndRemoved_andTheLeaderMoves() throws Exception {
    try (RunningNode one = start(first, NodePresence.NEW);
        RunningNode two = start(second, NodePresence.JOINING)) {
      awaitLeader(one);
      assertRun(CommandRun.of("members", "list", first), 0, "1      127.0.0.1:");
      assertRun(CommandRun.of("members", "list", second), 1, "node 2 itself is JOINING");
      assertRun(CommandRun.of("status", second), 1, "joining", "waits until a member adds it");
      assertRun(CommandRun.of("leader", "transfer", second), 3, "node 2 does not lead");
      assertRun(
          CommandRun.of("members", "add", second, "3=127.0.0.1:9"),
          1,
          "2 is not a member: ask one");

      assertRun(
          CommandRun.of("members", "add", first, "2=" + secondAddress),
          0,
          "2      " + secondAddress);
      awaitLeader(two);
      CommandRun json = CommandRun.of("members", "list", "--json", second);
      assertRun(json, 0, "\"standing\" : \"MEMBER\"", "\"address\" : \"" + secondAddress);
      assertRun(CommandRun.of("leader", "transfer", second), 0, "node 2 leads");

      CommandRun removed = CommandRun.of("members", "remove", "--json", second, "1");
      assertRun(removed, 0, "\"result\" : \"CHANGED\"");
      assertRun(CommandRun.of("members", "list", second), 0, "2      " + secondAddress);
    }
    try (RunningNode one = start(first, NodePresence.EXISTING);
        RunningNode two = start(second, NodePresence.EXISTING)) {
      awaitLeader(two); // alone
      while (one.member().status().membership().standing() != Standing.REMOVED) {
        Thread.sleep(1); // it may not have heard of it before it was stopped
      }
      assertRun(CommandRun.of("members", "list", first), 1, "node 1 itself is REMOVED");
      assertRun(CommandRun.of("status", first), 1, "removed from the cluster: stop it");
    }
  }

  @Test
  void change_thatMakesNoSense_isRefused() throws Exception {
    assertRun(CommandRun.of("members", "list", first), 3, "no answer");
    assertRun(CommandRun.of("members", "list", root.resolve("none")), 2, "there is no such file");
    try (RunningNode one = start(first, NodePresence.NEW)) {
      awaitLeader(one);
      assertRun(CommandRun.of("members"), 2, "members what?");
      assertRun(CommandRun.of("leader"), 2, "leader what?");
      assertRun(CommandRun.of("members", "add", first, "2"), 2, "expected NODE=HOST:PORT");
      assertRun(CommandRun.of("members", "add", first), 2, "NODE=HOST:PORT");
      assertRun(CommandRun.of("members", "add", first, "2=a:1", "2=b:1"), 2, "there twice");
      assertRun(CommandRun.of("members", "add", first, "1=127.0.0.1:9"), 1, "node 1 is a member");
      assertRun(CommandRun.of("members", "add", first, "2=host:0"), 1, "host");
      assertRun(
          CommandRun.of("members", "add", first, "2=" + addressLine(first, 1)),
          1,
          "another member is at");
      assertRun(CommandRun.of("members", "remove", first, "5"), 1, "node 5 is not a member");
      assertRun(CommandRun.of("members", "remove", first, "x"), 2, "x");
      assertRun(CommandRun.of("members", "remove", first, "1"), 1, "1 to 9 members, not 0");
      CommandRun json = CommandRun.of("members", "remove", "--json", first, "1");
      assertRun(json, 1, "\"result\" : \"REFUSED\"", "\"reason\" : \"BAD_SIZE\"");
      assertRun(CommandRun.of("members", "list", first), 0, "1      127.0.0.1:");
    }
  }

  @Test
  void node_cannotJoinOnADiskThatIsThere_orBeginAndJoin() throws Exception {
    try (RunningNode one = start(first, NodePresence.NEW)) {
      awaitLeader(one);
    }
    assertRun(CommandRun.of("server", "--join", "--config", first), 2, "start it without --join");
    assertRun(CommandRun.of("server", "--join", "--new", "--config", first), 2, "choose");
  }

  @Test
  void pagesOfBrowsers_changeNothing() throws Exception {
    try (RunningNode one = start(first, NodePresence.NEW);
        HttpClient client = HttpClient.newHttpClient()) {
      URI page = URI.create("http://127.0.0.1:%d/leader".formatted(one.admin().getPort()));
      HttpRequest.Builder request =
          HttpRequest.newBuilder(page).POST(HttpRequest.BodyPublishers.noBody());
      HttpRequest foreign = request.copy().header("Origin", "https://example.org").build();
      assertThat(client.send(foreign, HttpResponse.BodyHandlers.discarding()).statusCode())
          .isEqualTo(HttpURLConnection.HTTP_FORBIDDEN);
      assertThat(
              client
                  .send(request.GET().build(), HttpResponse.BodyHandlers.discarding())
                  .statusCode())
          .isEqualTo(HttpURLConnection.HTTP_BAD_METHOD);
      HttpRequest wrong =
          HttpRequest.newBuilder(page.resolve("/members?add=2"))
              .POST(HttpRequest.BodyPublishers.noBody())
              .build();
      assertThat(client.send(wrong, HttpResponse.BodyHandlers.discarding()).statusCode())
          .isEqualTo(HttpURLConnection.HTTP_BAD_REQUEST);
    }
  }
}
