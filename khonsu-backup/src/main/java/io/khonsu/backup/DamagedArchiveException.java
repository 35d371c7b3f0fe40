package io.khonsu.backup;

/** An object of the archive is not what was written, or is missing. */
public final class DamagedArchiveException extends UnusableObjectException {
  private static final long serialVersionUID = 1L;

  DamagedArchiveException(String object, String what) {
    super(object, what);
  }
}
