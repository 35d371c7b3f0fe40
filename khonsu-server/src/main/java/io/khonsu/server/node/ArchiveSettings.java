package io.khonsu.server.node;

import io.khonsu.backup.ArchiverOptions;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where and how a node archives.
 *
 * @param directory of the archive
 * @param options of the archiver
 */
public record ArchiveSettings(Path directory, ArchiverOptions options) {
  private static final String KEY = "archive";
  private static final String PREFIX = KEY + ".";

  /** {@return what a configuration file says of it} */
  static Optional<ArchiveSettings> in(ConfigFile file) throws ConfigException {
    @Nullable Path directory = NodeConfig.pathOf(file, KEY);
    ArchiverOptions usual = ArchiverOptions.defaults();
    ArchiverOptions options =
        new ArchiverOptions(
            file.get(PREFIX + "timeout", usual.archiveTimeout(), ConfigValues::duration),
            file.get(PREFIX + "retryDelayMax", usual.retryDelayMax(), ConfigValues::duration));
    if (directory != null) {
      return Optional.of(new ArchiveSettings(directory, options));
    }
    for (ConfigFile.Entry entry : file.withPrefix(PREFIX)) {
      throw file.wrong(
          entry, "without \"%s = DIRECTORY\" nothing is archived".formatted(KEY), null);
    }
    return Optional.empty();
  }
}
