package io.khonsu.backup;

import java.util.List;

/**
 * What {@link Backups#verify} found.
 *
 * @param depth how far it looked
 * @param findings what is wrong, none if all is well
 * @param objects how many objects there are
 * @param bytes how many bytes were read
 * @param windows what can be restored all the same, without what is wrong
 */
public record VerifyReport(
    VerifyDepth depth, List<Finding> findings, long objects, long bytes, List<Window> windows) {
  /** Copies the lists. */
  public VerifyReport {
    findings = List.copyOf(findings);
    windows = List.copyOf(windows);
  }

  /** {@return whether nothing is wrong} */
  public boolean isClean() {
    return findings.isEmpty();
  }

  /**
   * Something wrong with an object.
   *
   * @param object its name
   * @param what is wrong
   */
  public record Finding(String object, String what) {}
}
