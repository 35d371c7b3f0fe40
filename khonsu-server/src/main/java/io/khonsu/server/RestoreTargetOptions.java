package io.khonsu.server;

import io.khonsu.backup.RestoreTarget;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which state to restore: one of these is given. */
final class RestoreTargetOptions {
  /** Reads instants as ISO 8601 has them. */
  static final class InstantConverter implements ITypeConverter<Instant> {
    @Override
    public Instant convert(String value) {
      try {
        return Instant.parse(value);
      } catch (DateTimeParseException _) {
        throw new TypeConversionException(
            "expected an instant as 2026-11-22T06:55:00.123Z, but was " + value);
      }
    }
  }

  @Option(
      names = "--to-time",
      paramLabel = "INSTANT",
      converter = InstantConverter.class,
      description = "All committed up to and including this millisecond: 2026-11-22T06:55:00.123Z.")
  private @Nullable Instant time;

  @Option(
      names = "--to-version",
      paramLabel = "VERSION",
      description = "All committed up to this version.")
  private @Nullable Long version;

  @Option(names = "--to-point", paramLabel = "NAME", description = "A restore point.")
  private @Nullable String point;

  @Option(names = "--latest", description = "The newest state that is archived.")
  @SuppressWarnings("UnusedVariable") // what is meant if nothing else is given
  private boolean latest;

  RestoreTarget target() {
    if (time != null) {
      return new RestoreTarget.AtInstant(time);
    }
    if (version != null) {
      return new RestoreTarget.AtVersion(version);
    }
    return point == null ? new RestoreTarget.Latest() : new RestoreTarget.AtPoint(point);
  }
}
