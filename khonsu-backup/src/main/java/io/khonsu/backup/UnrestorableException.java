package io.khonsu.backup;

/** What the archive holds does not lead to the state that was asked for; nothing was restored. */
public final class UnrestorableException extends BackupException {
  private static final long serialVersionUID = 1L;

  UnrestorableException(String message) {
    super(message);
  }
}
