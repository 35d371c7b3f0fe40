package io.khonsu.server.node;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A configuration file that cannot be used: the message says where, why, and what can be done. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  ConfigException(Path file, String message, @Nullable Throwable cause) {
    super(file + ": " + message, cause);
  }

  ConfigException(Path file, int line, String message, @Nullable Throwable cause) {
    super("%s:%d: %s".formatted(file, line, message), cause);
  }
}
