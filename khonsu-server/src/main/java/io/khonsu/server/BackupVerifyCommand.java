package io.khonsu.server;

import io.khonsu.backup.VerifyDepth;
import io.khonsu.backup.VerifyReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code khonsu backup verify}: proves what an archive can bring back. */
@Command(
    name = "verify",
    description = {
      "Looks whether an archive is what was written, and says what it is proven to bring back.",
      "",
      "Ends with 6 if something is wrong, and names the objects."
    })
final class BackupVerifyCommand extends ArchiveCommand {
  @ArgGroup private @Nullable Depth depth;

  /** How far to look. */
  private static final class Depth {
    @Option(names = "--files", description = "Looks for what is missing; reads no data.")
    private boolean files;

    @Option(names = "--data", description = "Reads every byte; the default.")
    @SuppressWarnings("UnusedVariable") // what is done if nothing else is said
    private boolean data;

    @Option(
        names = "--restore",
        paramLabel = "DIR",
        description =
            "Reads every byte, and restores everything into a directory, for the time being.")
    private @Nullable Path scratch;
  }

  @Override
  ExitCode run() throws IOException {
    long begun = System.nanoTime();
    VerifyReport report;
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      Path scratch = depth == null ? null : depth.scratch;
      boolean filesOnly = depth != null && depth.files;
      report =
          scratch == null
              ? backups().verify(filesOnly ? VerifyDepth.FILES : VerifyDepth.DATA, on(progress))
              : backups().verify(scratch, on(progress));
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    print(tree(report, seconds), lines(report, seconds));
    return report.isClean() ? ExitCode.OK : ExitCode.CORRUPTION;
  }

  private static Map<String, Object> tree(VerifyReport report, double seconds) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("depth", name(report));
    tree.put("clean", report.isClean());
    tree.put(
        "findings",
        report.findings().stream()
            .map(finding -> Map.of("object", finding.object(), "what", finding.what()))
            .toList());
    tree.put("objects", report.objects());
    tree.put("bytesRead", report.bytes());
    tree.put("seconds", seconds);
    tree.put("windows", ArchiveTrees.windows(report.windows()));
    return tree;
  }

  private static List<String> lines(VerifyReport report, double seconds) {
    List<String> lines = new ArrayList<>();
    report.findings().forEach(finding -> lines.add(finding.object() + ": " + finding.what()));
    lines.add(
        String.format(
            Locale.ROOT,
            "%s of %,d objects verified, %s read in %.1f s: %s",
            name(report),
            report.objects(),
            bytes(report.bytes()),
            seconds,
            report.isClean() ? "all is well" : report.findings().size() + " ARE DAMAGED"));
    report.windows().forEach(window -> lines.add("restorable: " + window));
    return lines;
  }

  private static String name(VerifyReport report) {
    return report.depth().name().toLowerCase(Locale.ROOT);
  }
}
