package io.khonsu.server;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code khonsu members remove}. */
@Command(
    name = "remove",
    description = {
      "Removes nodes from a cluster that runs. Stop them when this has ended with 0, not before.",
      "",
      "Ends with 0 when the new members have begun and a majority of them has a leader, with 1 if"
          + " nothing was changed, with 3 if the node does not answer or it is not known whether"
          + " the change was made."
    })
final class MembersRemoveCommand implements Callable<Integer> {
  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private AskedMember asked;

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "NODE", description = "Who is to leave.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Set<Long> removed;

  @Override
  public Integer call() {
    return asked.change(Map.of(), removed);
  }
}
