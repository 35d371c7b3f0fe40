package io.khonsu.server;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;

/** What a command, run in this JVM, returned and printed. */
record CommandRun(int exitCode, String out, String err) {

  /** Runs the program. */
  static CommandRun of(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode =
        KhonsuCommand.configured(new CommandLine(new KhonsuCommand()))
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(List.of(args).stream().map(Object::toString).toArray(String[]::new));
    return new CommandRun(exitCode, out.toString(), err.toString());
  }
}
