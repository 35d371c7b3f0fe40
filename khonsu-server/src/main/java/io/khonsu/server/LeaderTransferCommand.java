package io.khonsu.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.khonsu.server.node.AdminClient;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code khonsu leader transfer}. */
@Command(
    name = "transfer",
    description = {
      "Makes the node the leader, whoever leads now.",
      "",
      "Ends with 0 when it leads, with 3 if it does not answer, or could not be made the leader in"
          + " time, as when it is no member or reaches no majority."
    })
final class LeaderTransferCommand implements Callable<Integer> {
  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private AskedMember asked;

  @Override
  public Integer call() {
    return asked.ask(AdminClient::lead, LeaderTransferCommand::read);
  }

  private static ExitCode read(JsonNode answer, PrintWriter out) {
    boolean leads = answer.path("leads").asBoolean();
    out.printf("node %s %s%n", answer.path("node").asText(), leads ? "leads" : "does not lead");
    return leads ? ExitCode.OK : ExitCode.UNAVAILABLE;
  }
}
