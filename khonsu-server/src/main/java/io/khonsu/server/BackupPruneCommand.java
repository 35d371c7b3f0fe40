package io.khonsu.server;

import io.khonsu.backup.Backups.Caution;
import io.khonsu.backup.PrunePlan;
import io.khonsu.backup.RestorePoint;
import io.khonsu.backup.RetentionPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** {@code khonsu backup prune}: takes away what is kept too long. */
@Command(
    name = "prune",
    description = {
      "Takes away base backups, and the log before them, that no policy keeps.",
      "",
      "With both --keep-bases and --window, what either asks for stays. Ends with 1, and takes"
          + " nothing away, if restore points would be lost or the archive is damaged."
    })
final class BackupPruneCommand extends ArchiveCommand {
  /** Reads spans as people write them: 14d, 12h, 30m, 45s. */
  static final class SpanConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      if (!value.matches("[0-9]{1,9}[dhms]")) {
        throw new TypeConversionException(
            "expected a number and d, h, m or s, as 14d, but was " + value);
      }
      long count = Long.parseLong(value.substring(0, value.length() - 1));
      return switch (value.charAt(value.length() - 1)) {
        case 'd' -> Duration.ofDays(count);
        case 'h' -> Duration.ofHours(count);
        case 'm' -> Duration.ofMinutes(count);
        default -> Duration.ofSeconds(count);
      };
    }
  }

  @Option(
      names = "--keep-bases",
      paramLabel = "N",
      description = "Keeps the newest N base backups of each timeline, 1 to 1000000.")
  private @Nullable Integer keepBases;

  @Option(
      names = "--window",
      paramLabel = "SPAN",
      converter = SpanConverter.class,
      description = "Keeps every state of the last SPAN restorable: 14d, 12h, 30m, 45s.")
  private @Nullable Duration window;

  @Option(
      names = "--grace",
      paramLabel = "SPAN",
      converter = SpanConverter.class,
      defaultValue = "24h",
      description =
          "How old a file must be that no base names, to go: default ${DEFAULT-VALUE}. Longer than"
              + " it takes to take a base.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Duration grace;

  @Option(names = "--force", description = "Goes on though restore points are lost.")
  private boolean force;

  @Option(names = "--dry-run", description = "Says what would go, and takes nothing away.")
  private boolean dryRun;

  @Override
  ExitCode run() throws IOException {
    RetentionPolicy policy = policy().withObjectGrace(grace);
    PrunePlan plan =
        dryRun
            ? backups().planPrune(policy)
            : backups().prune(policy, force ? Caution.FORCE : Caution.REFUSE);
    print(tree(plan), lines(plan));
    return ExitCode.OK;
  }

  private RetentionPolicy policy() {
    if (keepBases != null) {
      Arguments.checkRange(spec, "--keep-bases", keepBases, 1, 1_000_000);
    }
    if (window != null) {
      RetentionPolicy policy = RetentionPolicy.keepWindow(window);
      return keepBases == null ? policy : policy.andBases(keepBases);
    }
    if (keepBases == null) {
      throw new ParameterException(
          spec.commandLine(), "what is to stay? Say --keep-bases N, --window SPAN, or both");
    }
    return RetentionPolicy.keepBases(keepBases);
  }

  private Map<String, Object> tree(PrunePlan plan) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("dryRun", dryRun);
    tree.put("bases", plan.bases().stream().map(ArchiveTrees::of).toList());
    tree.put("objects", plan.objects());
    tree.put("bytes", plan.bytes());
    tree.put("lostRestorePoints", plan.lostPoints().stream().map(RestorePoint::name).toList());
    tree.put("windows", ArchiveTrees.windows(plan.windows()));
    return tree;
  }

  private List<String> lines(PrunePlan plan) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s %d base backups and %d objects in all, %s"
            .formatted(
                dryRun ? "would take away" : "took away",
                plan.bases().size(),
                plan.objects().size(),
                bytes(plan.bytes())));
    plan.lostPoints().forEach(point -> lines.add("restore point lost: " + point.name()));
    plan.windows().forEach(left -> lines.add("restorable: " + left));
    return lines;
  }
}
