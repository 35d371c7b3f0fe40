package io.khonsu.server.node;

import io.khonsu.backup.ArchiverOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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

  /**
   * {@return what a configuration file says of it}
   *
   * @param disk where the node keeps its data: neither may be within the other
   */
  static Optional<ArchiveSettings> in(ConfigFile file, Path disk) throws ConfigException {
    @Nullable Path directory = NodeConfig.pathOf(file, KEY);
    ArchiverOptions usual = ArchiverOptions.defaults();
    ArchiverOptions options =
        new ArchiverOptions(
            file.get(PREFIX + "timeout", usual.archiveTimeout(), ConfigValues::duration),
            file.get(PREFIX + "retryDelayMax", usual.retryDelayMax(), ConfigValues::duration));
    if (directory != null) {
      checkApart(file, directory, disk);
      return Optional.of(new ArchiveSettings(directory, options));
    }
    for (ConfigFile.Entry entry : file.withPrefix(PREFIX)) {
      throw file.wrong(
          entry, "without \"%s = DIRECTORY\" nothing is archived".formatted(KEY), null);
    }
    return Optional.empty();
  }

  private static void checkApart(ConfigFile file, Path archive, Path disk) throws ConfigException {
    Path realArchive = real(file, archive);
    Path realDisk = real(file, disk);
    if (realArchive.startsWith(realDisk) || realDisk.startsWith(realArchive)) {
      throw new ConfigException(
          file.path(),
          "archive is %s and directory is %s: neither may be in the other, name one elsewhere"
              .formatted(realArchive, realDisk),
          null);
    }
  }

  /** {@return what a path leads to, through links, also if that is not there yet} */
  private static Path real(ConfigFile file, Path path) throws ConfigException {
    try {
      return real(path.toAbsolutePath());
    } catch (IOException e) {
      throw new ConfigException(file.path(), "%s cannot be found: %s".formatted(path, e), e);
    }
  }

  private static Path real(Path path) throws IOException {
    try {
      return path.toRealPath();
    } catch (NoSuchFileException e) {
      Path parent = path.getParent();
      Path name = path.getFileName();
      if (parent == null || name == null) {
        throw e;
      }
      Path there = real(parent);
      return Files.isSymbolicLink(path)
          ? real(there.resolve(Files.readSymbolicLink(path)))
          : there.resolve(name).normalize();
    }
  }
}
