package io.khonsu.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One user at a time, and nobody loses a lock by another's attempt. */
class StoreLockTest {
  @TempDir private Path root;
  private Path directory;

  @BeforeEach
  void setUp() throws Exception {
    directory = Files.createDirectory(root.resolve("store"));
  }

  private static void assertInUse(Path place) {
    assertThatThrownBy(() -> StoreLock.take(place).close())
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.IN_USE));
  }

  @Test
  void held_isHeldForAll_untilItIsClosed() throws Exception {
    try (StoreLock _ = StoreLock.take(directory)) {
      assertInUse(directory);
      assertThat(LockProbe.isHeld(directory)).isTrue();
    }
    assertThat(LockProbe.isHeld(directory)).isFalse();
    StoreLock.take(directory).close();
  }

  /** Opening and closing the file once more, by whatever name, would give the lock up. */
  @Test
  void held_underAnotherName_staysHeld() throws Exception {
    Path link = Files.createSymbolicLink(root.resolve("link"), directory);
    Path other = Files.createDirectory(root.resolve("other"));
    try (StoreLock _ = StoreLock.take(directory)) {
      Files.createLink(other.resolve(StoreLock.NAME), directory.resolve(StoreLock.NAME));
      assertInUse(link);
      assertInUse(other);
      assertThat(LockProbe.isHeld(directory)).isTrue();
    }
  }

  @Test
  void fileThatWasDeleted_isMadeAnew() throws Exception {
    StoreLock.take(directory).close();
    Files.delete(directory.resolve(StoreLock.NAME));
    try (StoreLock _ = StoreLock.take(directory)) {
      assertThat(LockProbe.isHeld(directory)).isTrue();
    }
  }
}
