package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.backup.Backups;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestoreTarget;
import io.khonsu.backup.Scratch;
import io.khonsu.backup.TableExport;
import io.khonsu.durable.DurableSettings;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code khonsu export}: a table as it was. */
@Command(
    name = "export",
    description = {
      "Writes a table as it was at an instant to a file.",
      "",
      "Needs the archive alone: restores the state into a scratch directory, and removes it."
    })
final class ExportCommand extends ArchiveCommand {
  /** What the file is. */
  enum Format {
    ARROW,
    CSV
  }

  /** Reads formats in any case. */
  static final class FormatConverter implements ITypeConverter<Format> {
    @Override
    public Format convert(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "arrow" -> Format.ARROW;
        case "csv" -> Format.CSV;
        default -> throw new TypeConversionException("expected arrow or csv, but was " + value);
      };
    }
  }

  @Parameters(paramLabel = "TABLE", description = "The name of the table.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private String table;

  @Option(
      names = "--as-of",
      paramLabel = "INSTANT",
      converter = RestoreTargetOptions.InstantConverter.class,
      description = "When, as 2026-11-22T06:55:00.123Z; by default the newest archived state.")
  private @Nullable Instant asOf;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "arrow",
      converter = FormatConverter.class,
      description = "arrow (IPC file) or csv; default ${DEFAULT-VALUE}.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Format format;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "A new file.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path out;

  @Option(
      names = "--scratch",
      paramLabel = "DIR",
      description = "A directory with room for the whole state, for the time being; beside FILE.")
  private @Nullable Path scratch;

  @Override
  ExitCode run() throws IOException {
    if (Files.exists(out)) {
      throw new FileAlreadyExistsException(
          out.toString(), null, "an export overwrites nothing: name a new file");
    }
    Backups backups = backups();
    RestorePlan plan =
        backups.plan(asOf == null ? new RestoreTarget.Latest() : new RestoreTarget.AtInstant(asOf));
    Path directory = scratch == null ? Path.of(out + ".scratch") : scratch;
    try (Scratch own = Scratch.in(directory)) {
      try (Progress progress = Progress.on(spec.commandLine().getErr())) {
        var _ = backups.restore(plan, own.path(), DurableSettings.defaults(), on(progress));
      }
      return export(own.path());
    }
  }

  private ExitCode export(Path store) throws IOException {
    try (Khonsu db = Khonsu.open(store);
        Snapshot snapshot = db.snapshot()) {
      long rows = write(snapshot, find(db));
      Map<String, Object> tree = new LinkedHashMap<>();
      tree.put("table", table);
      tree.put("version", snapshot.version());
      tree.put("rows", rows);
      tree.put("out", out.toString());
      print(
          tree,
          List.of(
              "%d rows of %s at version %d (%s) written to %s"
                  .formatted(
                      rows, table, snapshot.version(), Khonsu.instantOf(snapshot.version()), out)));
      return ExitCode.OK;
    }
  }

  private Table find(Khonsu db) {
    return db.table(table)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "there is no table \"%s\" at that time, but: %s"
                    .formatted(
                        table,
                        db.tables().stream().map(Table::name).collect(Collectors.joining(", ")))));
  }

  private long write(Snapshot snapshot, Table found) throws IOException {
    try (OutputStream file =
        new BufferedOutputStream(Files.newOutputStream(out, StandardOpenOption.CREATE_NEW))) {
      return switch (format) {
        case ARROW -> TableExport.arrow(snapshot, found, file);
        case CSV -> TableExport.csv(snapshot, found, file);
      };
    }
  }
}
