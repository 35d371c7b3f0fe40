package io.khonsu.backup;

/** An object of the archive cannot be used. {@link Backups#verify} finds all of them. */
public abstract sealed class UnusableObjectException extends BackupException
    permits DamagedArchiveException, UnknownFormatException {
  private static final long serialVersionUID = 1L;

  private final String object;
  private final String what;

  UnusableObjectException(String object, String what) {
    super("%s: %s".formatted(object, what));
    this.object = object;
    this.what = what;
  }

  /** {@return the name of the object} */
  public String object() {
    return object;
  }

  /** {@return what is wrong with it} */
  public String what() {
    return what;
  }
}
