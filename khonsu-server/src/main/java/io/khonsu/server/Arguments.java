package io.khonsu.server;

import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What picocli does not check about arguments. */
final class Arguments {
  private Arguments() {}

  /**
   * Checks the range of a number, both bounds included.
   *
   * @throws ParameterException naming option, value and bounds
   */
  static void checkRange(CommandSpec spec, String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(Locale.ROOT, "%s must be %d to %d, but is %d", option, least, most, value));
    }
  }
}
