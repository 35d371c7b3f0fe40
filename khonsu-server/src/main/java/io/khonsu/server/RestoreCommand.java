package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.backup.BackupProgress;
import io.khonsu.backup.Backups;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestoreResult;
import io.khonsu.durable.DurableSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code khonsu restore}: makes a store of a state of the past. */
@Command(
    name = "restore",
    description = {
      "Makes a store of a state that an archive holds, in a new directory.",
      "",
      "Needs the archive alone, and changes nothing in it. The new store begins a timeline of its"
          + " own when it is archived. Ends with 1 if the state cannot be restored, and says what"
          + " can."
    })
final class RestoreCommand extends ArchiveCommand {
  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private RestoreTargetOptions target;

  @Option(
      names = "--timeline",
      paramLabel = "N",
      description =
          "On which timeline; that of the restore point, or else the one with the newest"
              + " transaction.")
  private @Nullable Integer timeline;

  @Option(
      names = "--into",
      required = true,
      paramLabel = "DIR",
      description = "A new or empty directory.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path into;

  @Option(names = "--dry-run", description = "Says what would be done, and does nothing.")
  private boolean dryRun;

  @Override
  ExitCode run() throws IOException {
    Backups backups = backups();
    RestorePlan plan =
        timeline == null ? backups.plan(target.target()) : backups.plan(target.target(), timeline);
    Map<String, Object> tree = ArchiveTrees.of(plan);
    tree.put("dryRun", dryRun);
    List<String> lines = new ArrayList<>();
    lines.add(describe(plan));
    if (!dryRun) {
      long begun = System.nanoTime();
      RestoreResult result;
      try (Progress progress = Progress.on(spec.commandLine().getErr())) {
        BackupProgress shown = on(progress);
        result = backups.restore(plan, into, DurableSettings.defaults(), shown);
      }
      double seconds = (System.nanoTime() - begun) / 1e9;
      tree.put("into", result.directory().toString());
      tree.put("restoredVersion", result.version());
      tree.put("transactions", result.transactions());
      tree.put("seconds", seconds);
      lines.add(
          String.format(
              Locale.ROOT,
              "restored version %d, %s, into %s in %.1f s",
              result.version(),
              Khonsu.instantOf(result.version()),
              result.directory(),
              seconds));
    }
    print(tree, lines);
    return ExitCode.OK;
  }

  private static String describe(RestorePlan plan) {
    return "timeline %d: %s, then %d segments of the log up to version %d (%s), %s in all"
        .formatted(
            plan.timeline().number(),
            plan.base().map(base -> "base of version " + base.version()).orElse("the empty store"),
            plan.segments(),
            plan.version(),
            plan.instant(),
            bytes(plan.bytes()));
  }
}
