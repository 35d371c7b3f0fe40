package io.khonsu.server;

import io.khonsu.durable.StoreInspection;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.StorageRefusedException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code khonsu doctor}: what is in the directory of a store, and what is wrong with it. */
@Command(
    name = "doctor",
    description = {
      "Says what is in the directory of a store, and what is wrong with it.",
      "",
      "Reads all of it and changes nothing. The store must not be open. Ends with 0 if it is whole,"
          + " 1 if there is no store, 3 if it cannot be looked at now, 6 if something is lost or"
          + " damaged."
    })
final class DoctorCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(paramLabel = "PATH", description = "The directory that the store is opened by.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path directory;

  @Option(names = "--json", description = "Print the result as JSON.")
  private boolean json;

  @Override
  public Integer call() throws StorageRefusedException {
    StoreInspection inspection = StoreInspection.of(directory, KeyValueEngine.onClassPath());
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> report = new LinkedHashMap<>(inspection.facts());
      report.put("verdict", inspection.verdict().toString());
      report.put("problems", inspection.problems());
      out.println(Json.write(report));
    } else {
      inspection.facts().forEach((name, value) -> out.printf("%-18s %s%n", name, value));
      inspection.problems().forEach(problem -> out.println("\n" + problem));
      out.println("\n" + sentence(inspection.verdict()));
    }
    return exitCode(inspection.verdict()).code();
  }

  private static String sentence(StoreInspection.Verdict verdict) {
    return switch (verdict) {
      case WHOLE -> "The store is whole.";
      case UNREADABLE -> "The store cannot be looked at now.";
      case NO_STORE -> "There is no store.";
      case DAMAGED -> "The store is damaged: it will not be opened as it is.";
    };
  }

  private static ExitCode exitCode(StoreInspection.Verdict verdict) {
    return switch (verdict) {
      case WHOLE -> ExitCode.OK;
      case UNREADABLE -> ExitCode.UNAVAILABLE;
      case NO_STORE -> ExitCode.ANSWER_IS_NO;
      case DAMAGED -> ExitCode.CORRUPTION;
    };
  }
}
