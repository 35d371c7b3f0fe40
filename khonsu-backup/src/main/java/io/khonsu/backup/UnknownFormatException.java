package io.khonsu.backup;

/** An object has a format that this version of Khonsu does not know: use a newer one. */
public final class UnknownFormatException extends UnusableObjectException {
  private static final long serialVersionUID = 1L;

  UnknownFormatException(String object, String format, long version, long known) {
    super(
        object,
        "it has version %d of the %s format, this Khonsu reads version %d: use a newer Khonsu"
            .formatted(version, format, known));
  }
}
