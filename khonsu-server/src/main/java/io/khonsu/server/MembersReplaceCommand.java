package io.khonsu.server;

import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code khonsu members replace}. */
@Command(
    name = "replace",
    description = {
      "Puts a node into the place of another one, in one step. Start the new one first, by khonsu"
          + " server --join. A node that has lost its disk is replaced by itself: 3 3=HOST:PORT.",
      "",
      "Ends with 0 when the new members have begun and a majority of them has a leader, with 1 if"
          + " nothing was changed, with 3 if the node does not answer or it is not known whether"
          + " the change was made."
    })
final class MembersReplaceCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private AskedMember asked;

  @Parameters(index = "1", paramLabel = "OLD", description = "Who is to leave.")
  private long old;

  @Parameters(
      index = "2",
      paramLabel = "NODE=HOST:PORT",
      description = "Who is to join, and where the others reach it.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private String added;

  @Override
  public Integer call() {
    return asked.change(AskedMember.addresses(spec, List.of(added)), Set.of(old));
  }
}
