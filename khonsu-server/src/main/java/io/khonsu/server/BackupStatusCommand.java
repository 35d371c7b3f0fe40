package io.khonsu.server;

import io.khonsu.backup.ArchiveStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code khonsu backup status}: what an archive holds, and what can be restored of it. */
@Command(
    name = "status",
    description = {
      "Says what an archive holds, and from when to when states can be restored.",
      "",
      "Ends with 1 if nothing can be restored."
    })
final class BackupStatusCommand extends ArchiveCommand {
  @Override
  ExitCode run() throws IOException {
    ArchiveStatus status = backups().status();
    List<String> lines = new ArrayList<>();
    lines.add(
        "archive of store %s: %d base backups, %d segments, %s"
            .formatted(
                status.id(), status.bases().size(), status.segments(), bytes(status.bytes())));
    status.windows().forEach(window -> lines.add("restorable: " + window));
    if (status.windows().isEmpty()) {
      lines.add("NOTHING CAN BE RESTORED: take a base backup.");
    }
    status
        .points()
        .forEach(point ->
            lines.add(
                "restore point %s: version %d of timeline %d"
                    .formatted(point.name(), point.version(), point.timeline())));
    print(ArchiveTrees.of(status), lines);
    return status.windows().isEmpty() ? ExitCode.ANSWER_IS_NO : ExitCode.OK;
  }
}
