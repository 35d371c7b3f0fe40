package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.Store;
import io.khonsu.StoreConfig;
import io.khonsu.backup.Backups;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestoreResult;
import io.khonsu.backup.Scratch;
import io.khonsu.backup.StoreCopy;
import io.khonsu.durable.DurableSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code khonsu restore}: makes a store of a state of the past, or fills a cluster with it. */
@Command(
    name = "restore",
    description = {
      "Makes a store of a state that an archive holds, in a new directory; or copies its tables"
          + " and rows into a cluster, which must have no tables.",
      "",
      "Changes nothing in the archive. A new store begins a timeline of its own when it is"
          + " archived; a cluster needs a new archive. Ends with 1 if the state cannot be restored,"
          + " and says what can."
    })
final class RestoreCommand extends ArchiveCommand {
  /** What is too large for the cluster, its nodes say. */
  private static final StoreConfig UNLIMITED =
      StoreConfig.builder().keySizeMaxBytes(64 << 10).rowSizeMaxBytes(Integer.MAX_VALUE).build();

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

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Destination destination;

  /** Where the state comes to. */
  private static final class Destination {
    @Option(names = "--into", paramLabel = "DIR", description = "A new or empty directory.")
    private @Nullable Path directory;

    @ArgGroup(exclusive = false)
    private @Nullable NewCluster cluster;
  }

  /** A cluster that is to be filled. */
  private static final class NewCluster {
    @Option(
        names = "--into-cluster",
        required = true,
        paramLabel = "ADDRESS",
        description = "Where its nodes listen for clients, as khonsu://db1:7501,db2:7501.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String address;

    @Option(
        names = "--scratch",
        required = true,
        paramLabel = "DIR",
        description = "A directory with room for one state, for the time being.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path scratch;
  }

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
      NewCluster cluster = destination.cluster;
      if (cluster == null) {
        intoDirectory(backups, plan, Objects.requireNonNull(destination.directory), tree, lines);
      } else {
        intoCluster(backups, plan, cluster, tree, lines);
      }
    }
    print(tree, lines);
    return ExitCode.OK;
  }

  private void intoDirectory(
      Backups backups, RestorePlan plan, Path into, Map<String, Object> tree, List<String> lines)
      throws IOException {
    long begun = System.nanoTime();
    RestoreResult result;
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      result = backups.restore(plan, into, DurableSettings.defaults(), on(progress));
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

  private void intoCluster(
      Backups backups,
      RestorePlan plan,
      NewCluster cluster,
      Map<String, Object> tree,
      List<String> lines)
      throws IOException {
    try (Store to = Khonsu.connect(cluster.address, UNLIMITED);
        Progress progress = Progress.on(spec.commandLine().getErr())) {
      StoreCopy.checkEmpty(to); // before there is anything to wait for
      StoreCopy.Copied copied = copy(backups, plan, cluster.scratch, to, progress);
      tree.put("into", cluster.address);
      tree.put("restoredVersion", plan.version());
      tree.put("tables", copied.tables());
      tree.put("rows", copied.rows());
      tree.put("batches", copied.batches());
      lines.add(
          String.format(
              Locale.ROOT,
              "copied version %d, %s, into %s: %,d tables with %,d rows and %,d batches",
              plan.version(),
              plan.instant(),
              cluster.address,
              copied.tables(),
              copied.rows(),
              copied.batches()));
    }
  }

  private static StoreCopy.Copied copy(
      Backups backups, RestorePlan plan, Path directory, Store to, Progress progress)
      throws IOException {
    try (Scratch scratch = Scratch.in(directory)) {
      var _ = backups.restore(plan, scratch.path(), DurableSettings.defaults(), on(progress));
      try (Khonsu from = Khonsu.open(scratch.path())) {
        return StoreCopy.copy(
            from,
            to,
            count ->
                progress.show(String.format(Locale.ROOT, "copying  %,d rows and batches", count)));
      }
    }
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
