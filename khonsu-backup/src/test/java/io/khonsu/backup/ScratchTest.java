package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories of runs that are killed, or run at the same time. */
class ScratchTest {
  @TempDir private Path root;
  private Path directory = Path.of("");

  @BeforeEach
  void nameDirectory() {
    directory = root.resolve("scratch");
  }

  private static void fill(Path state) throws IOException {
    Files.createDirectories(state.resolve("deep"));
    Files.writeString(state.resolve("deep/file"), "x");
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    }
  }

  @Test
  void badDirectories_areRefused() throws Exception {
    Path file = Files.createFile(root.resolve("file"));
    assertThatThrownBy(() -> Scratch.in(file)).isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> Scratch.in(root.resolve("no/such")))
        .isInstanceOf(NotDirectoryException.class);
    assertThatThrownBy(() -> Scratch.in(file.resolve("below"))).isInstanceOf(IOException.class);
    assertThat(root).isDirectoryNotContaining("glob:**/no");
  }

  @Test
  void run_leavesNothing() throws Exception {
    try (Scratch scratch = Scratch.in(directory)) {
      assertThat(scratch.path()).doesNotExist();
      fill(scratch.path());
    }
    assertThat(directory).doesNotExist();
  }

  @Test
  void directoryOfTheCaller_andWhatIsInIt_stay() throws Exception {
    Files.createDirectory(directory);
    Path precious = Files.writeString(directory.resolve("precious"), "data");
    try (Scratch scratch = Scratch.in(directory)) {
      fill(scratch.path());
    }
    assertThat(entries()).containsExactly(precious);
  }

  @Test
  void runs_doNotDisturbEachOther() throws Exception {
    try (Scratch one = Scratch.in(directory)) {
      fill(one.path());
      try (Scratch other = Scratch.in(directory)) {
        assertThat(other.path()).doesNotExist();
        fill(other.path());
      }
      assertThat(one.path().resolve("deep/file")).hasContent("x");
      try (Scratch third = Scratch.in(directory)) {
        assertThat(third.path()).doesNotExist();
      }
      assertThat(one.path().resolve("deep/file")).hasContent("x");
    }
    assertThat(directory).doesNotExist();
  }

  /** Its lock has gone with its process. */
  @Test
  void whatKilledRunsLeft_isRemovedWhenTheNextBegins() throws Exception {
    Files.createDirectory(directory);
    fill(directory.resolve("khonsu-scratch-locked/state"));
    Files.createFile(directory.resolve("khonsu-scratch-locked/khonsu.lock"));
    fill(directory.resolve("khonsu-scratch-unlocked/state"));
    Files.createDirectory(directory.resolve("khonsu-scratch-empty"));
    try (Scratch _ = Scratch.in(directory)) {
      assertThat(entries()).hasSize(1);
    }
    assertThat(entries()).isEmpty();
  }

  /** Somebody else's, as far as can be told. */
  @Test
  void leftoverThatCannotBeRemoved_isInNobodysWay() throws Exception {
    Files.createDirectory(directory);
    Path file = Files.writeString(directory.resolve("khonsu-scratch-file"), "x");
    try (Scratch scratch = Scratch.in(directory)) {
      fill(scratch.path());
    }
    assertThat(entries()).containsExactly(file);
  }

  @Test
  void runsThatBeginAndEndAtTheSameTime_allHaveTheirOwn() throws Exception {
    Files.createDirectory(directory);
    runAtTheSameTime();
    Scratch.in(directory).close();
    assertThat(entries()).isEmpty();
  }

  /** Each may find that another one has just removed it. */
  @Test
  void runsThatMakeTheDirectoryThemselves_allHaveTheirOwn() throws Exception {
    runAtTheSameTime();
    assertThat(root).isDirectoryNotContaining("glob:**/scratch/*");
  }

  private void runAtTheSameTime() throws Exception {
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int run = 0; run < 4; run++) {
        runs.add(
            executor.submit(() -> {
              for (int round = 0; round < 100; round++) {
                try (Scratch scratch = Scratch.in(directory)) {
                  fill(scratch.path());
                  assertThat(scratch.path().resolve("deep/file")).hasContent("x");
                }
              }
              return null;
            }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }
}
