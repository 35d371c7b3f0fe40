package io.khonsu.server.node;

import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverStatus;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.spi.ReplicatedHistory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The archive of a node, and how archiving goes. Thread-safe; close it before the node. */
final class NodeArchive implements AutoCloseable {
  private final ArchiveSettings settings;
  private final Archiver archiver;

  private NodeArchive(ArchiveSettings settings, Archiver archiver) {
    this.settings = settings;
    this.archiver = archiver;
  }

  /** Begins to archive; a directory that cannot be used now is tried again. */
  static NodeArchive start(ArchiveSettings settings, ReplicatedHistory history) {
    DirectoryArchiveStore directory = DirectoryArchiveStore.at(settings.directory());
    return new NodeArchive(settings, Archiver.start(history, directory, settings.options()));
  }

  ArchiverStatus status() {
    return archiver.status();
  }

  /** {@return the status as maps, lists, strings, numbers and booleans} */
  Map<String, Object> tree() {
    ArchiverStatus status = status();
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("directory", settings.directory().toString());
    tree.put("state", status.state().name());
    tree.put("archivedVersion", status.archivedVersion());
    tree.put("lagMillis", status.lag().toMillis());
    tree.put("stepMillis", status.stepTime().toMillis());
    tree.put("failures", status.failures());
    tree.put("failure", status.failure().map(Throwable::toString).orElse(""));
    return tree;
  }

  /** {@return what somebody should see to, a sentence each} */
  List<String> warnings() {
    ArchiverStatus status = status();
    String failure = status.failure().map(Throwable::toString).orElse("");
    if (status.isSlow()) {
      return List.of(
          "nothing has been archived in %s for %d s: does its file system hang?"
              .formatted(settings.directory(), status.stepTime().toSeconds()));
    }
    return switch (status.state()) {
      case RUNNING, CLOSED -> List.of();
      case RETRYING ->
          List.of(
              "nothing is archived in %s, %d attempts have failed: %s"
                  .formatted(settings.directory(), status.failures(), failure));
      case STOPPED ->
          List.of(
              "nothing is archived in %s, nor kept for it, until the node is started again: %s"
                  .formatted(settings.directory(), failure));
    };
  }

  /** Ends, as {@link Archiver#close} does. */
  @Override
  public void close() {
    archiver.close();
  }
}
