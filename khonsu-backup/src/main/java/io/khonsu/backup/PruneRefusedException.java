package io.khonsu.backup;

/** Pruning as asked would take away what should stay restorable; nothing was removed. */
public final class PruneRefusedException extends BackupException {
  private static final long serialVersionUID = 1L;

  PruneRefusedException(String message) {
    super(message);
  }
}
