package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.backup.ArchiveStatus;
import io.khonsu.backup.BaseBackup;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestorePoint;
import io.khonsu.backup.Timeline;
import io.khonsu.backup.Window;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is in an archive, as trees that {@link Json} prints. */
final class ArchiveTrees {
  private ArchiveTrees() {}

  static Map<String, Object> of(BaseBackup base) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("timeline", base.timeline());
    tree.put("version", base.version());
    tree.put("instant", Khonsu.instantOf(base.version()).toString());
    tree.put("created", base.created().toString());
    tree.put("label", base.label());
    tree.put("files", base.files().size());
    tree.put("bytes", base.sizeBytes());
    return tree;
  }

  static Map<String, Object> of(Window window) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("timeline", window.timeline());
    tree.put("fromVersion", window.from());
    tree.put("toVersion", window.to());
    tree.put("fromTime", window.fromInstant().toString());
    tree.put("toTime", window.toInstant().toString());
    return tree;
  }

  static Map<String, Object> of(RestorePoint point) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", point.name());
    tree.put("timeline", point.timeline());
    tree.put("version", point.version());
    tree.put("instant", Khonsu.instantOf(point.version()).toString());
    tree.put("created", point.created().toString());
    return tree;
  }

  static Map<String, Object> of(ArchiveStatus status) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("archive", status.id().toString());
    tree.put("timelines", status.timelines().stream().map(ArchiveTrees::of).toList());
    tree.put("windows", windows(status.windows()));
    tree.put("bases", status.bases().size());
    tree.put("restorePoints", status.points().stream().map(ArchiveTrees::of).toList());
    tree.put("segments", status.segments());
    tree.put("bytes", status.bytes());
    return tree;
  }

  static Map<String, Object> of(RestorePlan plan) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("timeline", plan.timeline().number());
    tree.put("version", plan.version());
    tree.put("instant", plan.instant().toString());
    plan.base().ifPresent(base -> tree.put("base", of(base)));
    tree.put("segments", plan.segments());
    tree.put("bytes", plan.bytes());
    return tree;
  }

  static List<Map<String, Object>> windows(List<Window> windows) {
    return windows.stream().map(ArchiveTrees::of).toList();
  }

  private static Map<String, Object> of(Timeline timeline) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("number", timeline.number());
    tree.put("store", timeline.store().toString());
    tree.put("parent", timeline.parent());
    tree.put("forkVersion", timeline.forkVersion());
    tree.put("created", timeline.created().toString());
    return tree;
  }
}
