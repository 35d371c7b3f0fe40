package io.khonsu;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** Bytes that are not an encoded {@link RowFilter} of a version that this program knows. */
public final class MalformedFilterException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  MalformedFilterException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
