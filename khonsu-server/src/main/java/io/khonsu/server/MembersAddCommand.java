package io.khonsu.server;

import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code khonsu members add}. */
@Command(
    name = "add",
    description = {
      "Adds nodes to a cluster that runs. Start each of them first, by khonsu server --join.",
      "",
      "Ends with 0 when the new members have begun and a majority of them has a leader, with 1 if"
          + " nothing was changed, with 3 if the node does not answer or it is not known whether"
          + " the change was made."
    })
final class MembersAddCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private AskedMember asked;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "NODE=HOST:PORT",
      description = "Who is to join, and where the others reach it.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private List<String> added;

  @Override
  public Integer call() {
    return asked.change(AskedMember.addresses(spec, added), Set.of());
  }
}
