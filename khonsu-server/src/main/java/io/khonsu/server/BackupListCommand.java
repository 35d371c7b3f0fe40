package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.backup.BaseBackup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code khonsu backup list}: the base backups of an archive. */
@Command(name = "list", description = "Lists the base backups of an archive, oldest first.")
final class BackupListCommand extends ArchiveCommand {
  @Override
  ExitCode run() throws IOException {
    List<BaseBackup> bases = backups().status().bases();
    List<String> lines = new ArrayList<>();
    if (bases.isEmpty()) {
      lines.add("There is no base backup: take one with 'khonsu backup create'.");
    } else {
      lines.add("timeline  version             instant                   size          label");
    }
    for (BaseBackup base : bases) {
      lines.add(
          String.format(
                  Locale.ROOT,
                  "%8d  %18d  %-24s  %-12s  %s",
                  base.timeline(),
                  base.version(),
                  Khonsu.instantOf(base.version()),
                  bytes(base.sizeBytes()),
                  base.label())
              .stripTrailing());
    }
    print(Map.of("bases", bases.stream().map(ArchiveTrees::of).toList()), lines);
    return ExitCode.OK;
  }
}
