package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An archive in a directory. */
class DirectoryArchiveStoreTest extends ArchiveStoreContract {
  @TempDir Path directory;

  @Override
  ArchiveStore archive() throws IOException {
    return DirectoryArchiveStore.create(directory.resolve("deep/archive"));
  }

  @Test
  void open_needsADirectory() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(() -> DirectoryArchiveStore.open(file))
        .isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> DirectoryArchiveStore.open(directory.resolve("absent")))
        .isInstanceOf(NotDirectoryException.class);
  }

  @Test
  void symbolicLinks_areNotFollowed() throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "secret");
    ArchiveStore archive = archive();
    Path root = directory.resolve("deep/archive");
    Files.createSymbolicLink(root.resolve("link"), outside);
    Files.createSymbolicLink(root.resolve("file"), outside.resolve("secret"));

    assertThatIOException().isThrownBy(() -> archive.open("link/secret"));
    assertThatIOException().isThrownBy(() -> archive.open("file"));
    assertThatIOException().isThrownBy(() -> archive.list("link/"));
    assertThatIOException().isThrownBy(() -> archive.putIfAbsent("link/new", out -> out.write(1)));
    assertThat(archive.list("")).isEmpty();
    assertThat(outside.resolve("new")).doesNotExist();
  }

  @Test
  void archiveBehindALink_isTheSame() throws Exception {
    put("a/b", "content");
    Path link = directory.resolve("link");
    Files.createSymbolicLink(link, directory.resolve("deep/archive"));

    ArchiveStore linked = DirectoryArchiveStore.at(link);

    assertThat(linked.list("")).isEqualTo(archive().list(""));
    assertThat(linked.list("a/")).hasSize(1);
    assertThat(linked.putIfAbsent("a/b", out -> out.write(1))).isFalse();
  }

  @Test
  void objectThatIsThere_isTouched() throws Exception {
    put("a", "content");
    Path file = directory.resolve("deep/archive/a");
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(2)));
    Files.setLastModifiedTime(file, old);

    put("a", "content");

    assertThat(archive().list("").getFirst().modified()).isAfter(old.toInstant());
  }

  /** Whoever finds it there, before and after somebody else has looked how old it is, keeps it. */
  @Test
  void oldObject_thatIsPutAgain_isNotLost() throws Exception {
    ArchiveStore archive = archive();
    Path file = directory.resolve("deep/archive/a");
    Instant yesterday = Instant.now().minus(Duration.ofDays(1));
    int kept = 0;
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 300; round++) {
        put("a", "content");
        Files.setLastModifiedTime(file, FileTime.from(yesterday.minusSeconds(60)));
        Future<Boolean> deleted = executor.submit(() -> archive.deleteIfOlder("a", yesterday));
        put("a", "content");
        boolean isThere = Files.exists(file);
        boolean isGone = deleted.get();
        kept += isThere ? 1 : 0;
        assertThat(isThere && !Files.exists(file)).as("deleted: %s", isGone).isFalse();
      }
    }
    assertThat(kept).isPositive();
  }

  @Test
  void temporaryFiles_ofKilledWriters_goAtTheFirstWrite() throws Exception {
    put("a", "content");
    Path temporary = directory.resolve("deep/archive/.temporary");
    Path young = Files.writeString(temporary.resolve("young"), "x");
    Path old = Files.writeString(temporary.resolve("old"), "x");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(2))));

    ArchiveStore later = DirectoryArchiveStore.at(directory.resolve("deep/archive"));
    assertThat(old).exists();
    assertThat(later.putIfAbsent("b", out -> out.write(1))).isTrue();

    assertThat(young).exists();
    assertThat(old).doesNotExist();
  }

  @Test
  void temporaryFiles_areNoObjects_andGoWhenOld() throws Exception {
    put("a", "content");
    Path temporary = directory.resolve("deep/archive/.temporary");
    Path young = Files.writeString(temporary.resolve("young"), "x");
    Path old = Files.writeString(temporary.resolve("old"), "x");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(2))));

    assertThat(archive().list("")).hasSize(1);

    assertThat(young).exists();
    assertThat(old).doesNotExist();
  }
}
