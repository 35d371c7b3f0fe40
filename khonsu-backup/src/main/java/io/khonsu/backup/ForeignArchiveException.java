package io.khonsu.backup;

/** The archive is of another store, or of another history of this one; nothing was written. */
public final class ForeignArchiveException extends BackupException {
  private static final long serialVersionUID = 1L;

  ForeignArchiveException(String message) {
    super(message);
  }
}
