package io.khonsu.backup;

import java.io.IOException;

/** The root of what this module throws when it can read and write, but not do what was asked. */
public abstract sealed class BackupException extends IOException
    permits UnusableObjectException,
        ForeignArchiveException,
        PruneRefusedException,
        UnrestorableException {
  private static final long serialVersionUID = 1L;

  BackupException(String message) {
    super(message);
  }
}
