package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.server.history.KhonsuLists;
import io.khonsu.server.history.KhonsuRegisters;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.Anomaly;
import io.khonsu.testkit.history.Consistency;
import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryChecker;
import io.khonsu.testkit.history.HistoryReport;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.HistoryWorkload;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code khonsu history}: what concurrent clients of a store saw, recorded and checked. */
@Command(
    name = "history",
    description = {
      "Records what concurrent clients see, and checks it.",
      "",
      "Runs random transactions of several threads on a store in memory, writes the history as EDN"
          + " that public checkers read, and says at which level it is valid. Ends with 0 if the"
          + " store kept what its level promises."
    })
final class HistoryCommand implements Callable<Integer> {
  private static final int OPERATIONS_MAX = 6;
  private static final long TICK_MILLIS = 200;

  /** What the transactions work on. */
  enum Kind {
    APPEND,
    REGISTER
  }

  /** Reads levels as people write them: {@code repeatable-read}. */
  static final class LevelConverter implements ITypeConverter<Level> {
    @Override
    public Level convert(String value) {
      return constant(Level.class, value);
    }
  }

  /** Reads kinds in any case. */
  static final class KindConverter implements ITypeConverter<Kind> {
    @Override
    public Kind convert(String value) {
      return constant(Kind.class, value);
    }
  }

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "5",
      description = "For how long new transactions begin, 1 to 3600; default ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--transactions",
      paramLabel = "N",
      defaultValue = "100000",
      description = "How many there are at most, 1 to 10000000; default ${DEFAULT-VALUE}.")
  private int transactions;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "4",
      description = "How many clients, 1 to 256; default ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--isolation",
      paramLabel = "LEVEL",
      defaultValue = "serializable",
      converter = LevelConverter.class,
      description =
          "read-committed, snapshot, repeatable-read or serializable; default ${DEFAULT-VALUE}."
              + " With --check, the level to hold the history against.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Level isolation;

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      defaultValue = "append",
      converter = KindConverter.class,
      description = "append (to lists) or register; default ${DEFAULT-VALUE}.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Kind kind;

  @Option(
      names = "--keys",
      paramLabel = "N",
      defaultValue = "8",
      description = "How many keys are in use at a time, 1 to 1000000; default ${DEFAULT-VALUE}.")
  private int keys;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Of what the transactions choose; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where to write the history; - for standard output.")
  private @Nullable String out;

  @Option(names = "--force", description = "Overwrites FILE.")
  private boolean force;

  @Option(
      names = "--check",
      paramLabel = "FILE",
      description = "Runs nothing, and checks the history in FILE.")
  private @Nullable Path check;

  @Override
  public Integer call() throws InterruptedException {
    checkArguments();
    try {
      if (check != null) {
        return report("The history in " + check, HistoryFile.read(check));
      }
      HistoryFile file = out == null ? null : new HistoryFile(out, force);
      if (file != null) {
        file.checkWritable();
      }
      History history = record();
      if (file != null) {
        file.write(history, spec.commandLine().getOut());
      }
      return report(name(kind) + " at " + name(isolation) + ", seed " + seed, history);
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void checkArguments() {
    Arguments.checkRange(spec, "--seconds", seconds, 1, 3_600);
    Arguments.checkRange(spec, "--transactions", transactions, 1, 10_000_000);
    Arguments.checkRange(spec, "--threads", threads, 1, 256);
    Arguments.checkRange(spec, "--keys", keys, 1, 1_000_000);
    if (check != null && out != null) {
      throw new ParameterException(
          spec.commandLine(), "--check runs nothing, so there is nothing for --out");
    }
  }

  private History record() throws InterruptedException {
    HistoryWorkload.Options options =
        new HistoryWorkload.Options(
            isolation,
            threads,
            Math.ceilDiv(transactions, threads),
            Duration.ofSeconds(seconds),
            keys,
            OPERATIONS_MAX,
            seed);
    try (Khonsu db = Khonsu.inMemory();
        Progress progress = Progress.on(spec.commandLine().getErr());
        ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<History> running = executor.submit(() -> record(db, options));
      while (true) {
        progress.show(
            String.format(Locale.ROOT, "running   %,12d transactions", db.statistics().commits()));
        try {
          return running.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
          // Not yet: show how far it is.
        } catch (ExecutionException e) {
          throw new IllegalStateException("the workload failed", e.getCause());
        }
      }
    }
  }

  private History record(Khonsu db, HistoryWorkload.Options options) throws InterruptedException {
    return switch (kind) {
      case APPEND -> HistoryWorkload.runListAppend(new KhonsuLists(db), options, System::nanoTime);
      case REGISTER ->
          HistoryWorkload.runRegisters(new KhonsuRegisters(db), options, System::nanoTime);
    };
  }

  /** Prints the verdicts; beside a history on standard output, on standard error. */
  private int report(String title, History history) {
    HistoryReport report = HistoryChecker.check(history);
    PrintWriter writer =
        HistoryFile.STANDARD_OUTPUT.equals(out)
            ? spec.commandLine().getErr()
            : spec.commandLine().getOut();
    writer.printf(
        Locale.ROOT,
        "%s: %,d committed, %,d refused, %,d unknown%n%n",
        title,
        history.count(Outcome.COMMITTED),
        history.count(Outcome.FAILED),
        history.count(Outcome.UNKNOWN));
    Consistency promised = promise();
    for (Consistency level : Consistency.values()) {
      String verdict = report.valid(level) ? "valid" : "not valid";
      writer.println(
          String.format(Locale.ROOT, "  %-20s  %-10s", name(level), verdict)
              .concat(level == promised ? "promised" : "")
              .stripTrailing());
    }
    writer.println();
    List<Anomaly> forbidden = report.forbidden(promised);
    forbidden.forEach(anomaly -> writer.println(anomaly + "\n"));
    String allowed =
        report.anomalies().stream()
            .filter(anomaly -> !forbidden.contains(anomaly))
            .map(anomaly -> name(anomaly.kind()))
            .distinct()
            .collect(Collectors.joining(", "));
    if (!allowed.isEmpty()) {
      writer.println("Found, and allowed: " + allowed + ".");
    }
    boolean isKept = report.valid(promised);
    writer.println(
        isKept
            ? "What " + name(isolation) + " promises was kept."
            : "FAILED: WHAT " + name(isolation) + " PROMISES WAS NOT KEPT.");
    writer.flush();
    return (isKept ? ExitCode.OK : ExitCode.ANSWER_IS_NO).code();
  }

  /** {@return what the level promises} Serializability here respects real time. */
  private Consistency promise() {
    return switch (isolation) {
      case READ_COMMITTED -> Consistency.READ_COMMITTED;
      case SNAPSHOT -> Consistency.SNAPSHOT;
      case REPEATABLE_READ -> Consistency.REPEATABLE_READ;
      case SERIALIZABLE -> Consistency.STRICT_SERIALIZABLE;
    };
  }

  /** {@return a constant as people write it} */
  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String text) {
    for (E constant : type.getEnumConstants()) {
      if (name(constant).equals(text.toLowerCase(Locale.ROOT).replace('_', '-'))) {
        return constant;
      }
    }
    throw new TypeConversionException(
        "expected one of "
            + Arrays.stream(type.getEnumConstants())
                .map(HistoryCommand::name)
                .collect(Collectors.joining(", "))
            + ", but was "
            + text);
  }
}
