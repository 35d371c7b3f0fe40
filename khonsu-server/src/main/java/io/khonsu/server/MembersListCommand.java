package io.khonsu.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.server.node.AdminClient;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code khonsu members list}. */
@Command(
    name = "list",
    description = {
      "Says who is in the cluster, as the node knows it, and how each is reached.",
      "",
      "Ends with 0, with 1 if the node itself is not a member, with 3 if it does not answer."
    })
final class MembersListCommand implements Callable<Integer> {
  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private AskedMember asked;

  @Override
  public Integer call() {
    return asked.ask(AdminClient::status, MembersListCommand::read);
  }

  private static ExitCode read(JsonNode status, PrintWriter out) {
    AskedMember.printMembers(status.path("members"), out);
    String standing = status.path("standing").asText();
    if (standing.equals("MEMBER")) {
      return ExitCode.OK;
    }
    out.printf("node %s itself is %s%n", status.path("node").asText(), standing);
    return ExitCode.ANSWER_IS_NO;
  }
}
