package io.khonsu.server.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a store on disk kept when its process was killed, and what a restore brought back.
 *
 * @param acknowledged commits that had returned when the process was killed
 * @param openNanos how long opening took
 * @param found commits that the store held when it was opened again
 * @param lost commits that had returned and were not there
 * @param faults what else was wrong with what was there, in words
 * @param deleted rows that were deleted by mistake
 * @param restored rows that the restore to the version before brought back
 * @param isAsBefore whether the restored tables are what they were before the mistake
 */
public record DurableReport(
    long acknowledged,
    long openNanos,
    long found,
    long lost,
    List<String> faults,
    long deleted,
    long restored,
    boolean isAsBefore) {
  private static final double NANOS = 1e9;

  /** Copies the list. */
  public DurableReport {
    faults = List.copyOf(faults);
  }

  /** {@return whether nothing was lost or is wrong, and the mistake was undone} */
  public boolean holds() {
    return lost == 0 && faults.isEmpty() && deleted > 0 && isAsBefore;
  }

  /** {@return the report in three lines of less than 100 characters} */
  public List<String> lines() {
    String kept = "every acknowledged one, whole";
    if (lost > 0) {
      kept = String.format(Locale.ROOT, "%,d OF THEM LOST", lost);
    } else if (!faults.isEmpty()) {
      kept = faults.size() + " THINGS ARE WRONG, see --json";
    }
    return List.of(
        String.format(
            Locale.ROOT,
            "  Kill -9     %,12d commits on disk were acknowledged before",
            acknowledged),
        String.format(
            Locale.ROOT,
            "              %,12d found, after opening in %.1f s: %s",
            found,
            openNanos / NANOS,
            kept),
        String.format(
            Locale.ROOT,
            "  Restore     %,12d transfers deleted by mistake, %,d restored, %s",
            deleted,
            restored,
            isAsBefore ? "all tables as before" : "BUT NOT AS BEFORE"));
  }

  /** {@return the report as maps, lists, strings, numbers and booleans} */
  public Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("holds", holds());
    tree.put("acknowledged", acknowledged);
    tree.put("openSeconds", openNanos / NANOS);
    tree.put("found", found);
    tree.put("lost", lost);
    tree.put("faults", faults);
    tree.put("deleted", deleted);
    tree.put("restored", restored);
    tree.put("asBefore", isAsBefore);
    return tree;
  }
}
