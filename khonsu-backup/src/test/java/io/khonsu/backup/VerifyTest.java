package io.khonsu.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.backup.VerifyReport.Finding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What verifying finds, and how documents are read. */
class VerifyTest {
  private final TestArchive archive = TestArchive.create();

  VerifyTest() throws IOException {
    archive.archive(1, TestArchive.log(1, 10));
    archive.base(1, 40, "content", "another");
    archive.point("point", 1, 60);
  }

  @Test
  void wholeArchive_isClean() throws Exception {
    assertThat(findings(archive.store)).isEmpty();
  }

  /** Every seventh byte; of segments, another test flips every bit. */
  @Test
  void flippedByte_isFoundInItsObject() throws Exception {
    for (var object : archive.store.list("")) {
      for (int at = 0; at < object.sizeBytes(); at += 7) {
        InMemoryArchiveStore changed = archive.store.copy();
        byte[] bytes = changed.bytes(object.name());
        bytes[at] ^= (byte) (1 << at % 8);
        changed.overwrite(object.name(), bytes);

        if (object.name().equals(Layout.ARCHIVE)) {
          assertThatThrownBy(() -> ArchiveIndex.load(changed))
              .isInstanceOf(UnusableObjectException.class)
              .hasMessageStartingWith("archive: ");
        } else {
          assertThat(findings(changed))
              .as("byte %d of %s", at, object.name())
              .extracting(Finding::object)
              .contains(object.name());
        }
      }
    }
  }

  @Test
  void missingOrSurplusObject_isFound() throws Exception {
    for (var object : archive.store.list("")) {
      boolean isLast = object.name().endsWith(".partial");
      if (object.name().equals(Layout.ARCHIVE) || isLast || !isNeeded(object.name())) {
        continue;
      }
      InMemoryArchiveStore changed = archive.store.copy();
      changed.delete(object.name());
      assertThat(findings(changed)).as("without %s", object.name()).isNotEmpty();
    }
    archive.store.overwrite("t0001/stray", new byte[1]);
    assertThat(findings(archive.store))
        .containsExactly(new Finding("t0001/stray", "it is no part of an archive"));
  }

  /** The first segments may have been pruned; a point or a manifest is not missed by anything. */
  private boolean isNeeded(String name) {
    return !name.equals(archive.names(Layout.log(1)).getFirst())
        && !name.startsWith(Layout.POINTS)
        && !name.startsWith(Layout.bases(1));
  }

  @Test
  void exchangedSegment_isFound() throws Exception {
    TestArchive other = TestArchive.create();
    TestLog log = new TestLog();
    for (int i = 1; i <= 10; i++) {
      log.add(10L * i, 21);
    }
    other.archive(1, log);
    String second = archive.names(Layout.log(1)).get(1);
    archive.store.overwrite(second, other.store.bytes(second));

    assertThat(findings(archive.store))
        .containsExactly(new Finding(second, "it does not follow the segment before it"));
  }

  @Test
  void secondSegmentOfANumber_isFound() throws Exception {
    String first = archive.names(Layout.log(1)).getFirst();
    String rival = first.replace("0028.seg", "0029.seg");
    archive.store.overwrite(rival, archive.store.bytes(first));

    assertThat(findings(archive.store)).extracting(Finding::object).contains(rival);
  }

  @Test
  void unusableObjects_makeTheWindowSmaller() throws Exception {
    String second = archive.names(Layout.log(1)).get(1);
    byte[] bytes = archive.store.bytes(second);
    bytes[100] ^= 1;
    archive.store.overwrite(second, bytes);
    VerifyReport report = Backups.open(archive.store).verify(VerifyDepth.DATA, BackupProgress.NONE);

    assertThat(report.isClean()).isFalse();
    assertThat(report.windows()).containsExactly(new Window(1, 0, 40));
    assertThat(Backups.open(archive.store).verify(VerifyDepth.FILES, BackupProgress.NONE).isClean())
        .isTrue();
  }

  /** The golden file: whoever changes the format changes its version, too. */
  @Test
  void manifest_isAsItWas() throws Exception {
    assertThat(new String(archive.store.bytes(Layout.base(1, 40)), UTF_8))
        .isEqualTo(
            """
            khonsu-base 1
            archive 00000000-0000-0001-0000-000000000002
            timeline 1
            shard 0
            version 40
            created 1970-01-01T00:00:00Z
            label\s
            engine memory
            state-hash 0000000000000000000000000000000000000000000000000000000000000000
            file ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73 7 file-0
            file ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5 7 file-1
            sha256 653966f9c0c891f707e497ba7ccb6c49c0b5a41cffaa501e4a50afb4154b73b7
            """);
  }

  @Test
  void unknownVersion_isRefusedByName() {
    String manifest = manifest("").replace("khonsu-base 1", "khonsu-base 2");

    assertThatThrownBy(() -> read(manifest))
        .isInstanceOf(UnknownFormatException.class)
        .hasMessageContaining("version 2 of the base format");
  }

  /** Manifests whose hash is right, made by someone who means ill. */
  @Test
  void hostileManifest_isRefused() throws Exception {
    String hash = "a".repeat(64);
    for (String file :
        List.of(
            hash + " 7 ../../etc/passwd",
            hash + " 7 /etc/passwd",
            hash + " 7 a/../b",
            hash + " 7 .",
            hash + " 7 a\\b",
            hash + " 7 " + "a/".repeat(20) + "b",
            hash + " 7 " + "a".repeat(5_000),
            hash + " -7 a",
            hash + " 99999999999999999999999999 a",
            hash + " 7",
            "../" + hash + " 7 a",
            hash.toUpperCase(Locale.ROOT) + " 7 a",
            hash + " 7 a\nfile " + hash + " 7 a")) {
      assertThatThrownBy(() -> read(manifest("file " + file + "\n")))
          .as(file)
          .isInstanceOf(DamagedArchiveException.class);
    }
    assertThat(read(manifest("file " + hash + " 7 a\n")).files()).hasSize(1);
    assertThatThrownBy(() -> read(manifest("surplus 1\n")))
        .isInstanceOf(DamagedArchiveException.class)
        .hasMessageContaining("one too many");
    assertThatThrownBy(() -> read(manifest("").replace("version 40", "version -1")))
        .isInstanceOf(DamagedArchiveException.class);
    assertThatThrownBy(() -> read(manifest("").replace("version 40", "version 41")))
        .isInstanceOf(DamagedArchiveException.class)
        .hasMessageContaining("another base");
    assertThatThrownBy(() -> read("")).isInstanceOf(DamagedArchiveException.class);
  }

  private static String manifest(String files) {
    return """
    khonsu-base 1
    archive 00000000-0000-0001-0000-000000000002
    timeline 1
    shard 0
    version 40
    created 1970-01-01T00:00:00Z
    label\s
    engine memory
    state-hash 0000000000000000000000000000000000000000000000000000000000000000
    """
        + files;
  }

  /** Reads a manifest under its name, with the right hash. */
  private static BaseBackup read(String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    String whole = body + "sha256 " + Sha256.of(new ByteArrayInputStream(bytes)).hex() + "\n";
    return BaseBackup.read(1, Layout.base(1, 40), new ByteArrayInputStream(whole.getBytes(UTF_8)));
  }

  private static List<Finding> findings(InMemoryArchiveStore store) throws IOException {
    return Backups.open(store).verify(VerifyDepth.DATA, BackupProgress.NONE).findings();
  }
}
