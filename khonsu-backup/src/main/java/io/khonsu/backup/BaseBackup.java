package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * The whole state of a store at one version: what a restore begins with.
 *
 * @param archive the id of the archive
 * @param timeline in which it was taken
 * @param version the last transaction that is in it
 * @param created when it was taken, by the clock of the machine
 * @param label what its maker called it, or nothing
 * @param engine the name of the engine that reads the files
 * @param stateHash a hash of all that is in it
 * @param files its files
 */
public record BaseBackup(
    UUID archive,
    int timeline,
    long version,
    Instant created,
    String label,
    String engine,
    String stateHash,
    List<BackupFile> files) {
  /** The longest label, in characters. */
  public static final int LABEL_LENGTH_MAX = 200;

  private static final String KIND = "base";

  /**
   * A file of a base backup.
   *
   * @param name relative to the directory of the state, as an object's name is
   * @param sizeBytes its size
   * @param sha256 the hash of its content: 64 hexadecimal digits
   */
  public record BackupFile(String name, long sizeBytes, String sha256) {
    /** Checks name and hash. */
    public BackupFile {
      ArchiveStore.checkName(name);
      var _ = new Sha256(sha256);
      if (sizeBytes < 0) {
        throw new IllegalArgumentException("a file has %d bytes".formatted(sizeBytes));
      }
    }

    String object() {
      return Layout.object(new Sha256(sha256));
    }

    /** {@return what is wrong with its object, which has so many bytes, -1 if it is missing} */
    Optional<String> wrong(long foundBytes) {
      return foundBytes == sizeBytes
          ? Optional.empty()
          : Optional.of(
              foundBytes < 0
                  ? "it is missing"
                  : "it has %d bytes, not %d".formatted(foundBytes, sizeBytes));
    }

    private static BackupFile parse(String line) {
      String[] parts = line.split(" ", -1);
      if (parts.length != 3 || !parts[1].matches("[0-9]{1,18}")) {
        throw new IllegalArgumentException("it is not hash, size and name");
      }
      return new BackupFile(parts[2], Long.parseLong(parts[1]), parts[0]);
    }

    private String line() {
      return sha256 + ' ' + sizeBytes + ' ' + name;
    }
  }

  /** Copies the files, and checks the label. */
  public BaseBackup {
    files = List.copyOf(files);
    checkLabel(label);
  }

  /** {@return the bytes of all its files} */
  public long sizeBytes() {
    return files.stream().mapToLong(BackupFile::sizeBytes).sum();
  }

  static void checkLabel(String label) {
    if (label.length() > LABEL_LENGTH_MAX || label.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "a label has at most %d characters, all printable".formatted(LABEL_LENGTH_MAX));
    }
  }

  String object() {
    return Layout.base(timeline, version);
  }

  byte[] bytes() throws IOException {
    Document.Writer writer =
        new Document.Writer(KIND)
            .line("archive", archive)
            .line("timeline", timeline)
            .line("shard", Layout.SHARD)
            .line("version", version)
            .line("created", created)
            .line("label", label)
            .line("engine", engine)
            .line("state-hash", stateHash);
    files.forEach(file -> writer.line("file", file.line()));
    return writer.bytes();
  }

  static BaseBackup read(int timeline, String object, InputStream in) throws IOException {
    Document.Reader reader = Document.Reader.of(KIND, object, in);
    UUID archive = reader.take("archive", UUID::fromString);
    long _ = reader.takeNumber("timeline", timeline, timeline);
    long _ = reader.takeNumber("shard", Layout.SHARD, Layout.SHARD);
    long version = reader.takeNumber("version", 0, Long.MAX_VALUE);
    Instant created = reader.take("created", Instant::parse);
    String label = reader.take("label");
    String engine = reader.take("engine");
    String stateHash = reader.take("state-hash", hash -> new Sha256(hash).hex());
    List<BackupFile> files = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (String line = reader.takeIf("file"); line != null; line = reader.takeIf("file")) {
      BackupFile file = reader.parse("file", line, BackupFile::parse);
      if (!names.add(file.name())) {
        throw reader.damaged("file %s occurs twice".formatted(file.name()));
      }
      files.add(file);
    }
    reader.end();
    if (!object.equals(Layout.base(timeline, version))) {
      throw reader.damaged("it is another base than its name says");
    }
    return new BaseBackup(archive, timeline, version, created, label, engine, stateHash, files);
  }
}
