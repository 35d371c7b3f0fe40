package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is stopped by SIGTERM leaves nothing behind. */
class LeftoversTest {
  private static final int TIMEOUT_SECONDS = 120;

  @TempDir private Path root;

  private Process start(Class<?> program) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            program.getName(),
            root.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** {@return the first line that a program says, after stopping it by SIGTERM} */
  private String stopped(Class<?> program) throws Exception {
    Process process = start(program);
    try (BufferedReader said = process.inputReader()) {
      String first = said.readLine();
      var _ = process.toHandle().destroy();
      assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
      return String.valueOf(first);
    } finally {
      var _ = process.destroyForcibly().waitFor();
    }
  }

  /** Has a child that stands still. */
  static final class WithChild {
    static void main(String[] args) throws Exception {
      Leftovers.hook();
      Process child = new ProcessBuilder("sleep", "600").start();
      assertThat(new ProcessBuilder("kill", "-STOP", "" + child.pid()).start().waitFor()).isZero();
      System.out.println(child.pid());
      System.out.flush();
      Thread.currentThread().join();
    }
  }

  /** Has mounted a file system, a file of which a child has open, and mounts another. */
  static final class WithDisks {
    static void main(String[] args) throws Exception {
      Path root = Path.of(args[0]);
      var _ =
          LoopDisk.make(root.resolve("image"), root.resolve("disk"), "ext4", LoopDiskTest.BYTES);
      var _ =
          new ProcessBuilder("sleep", "600")
              .redirectOutput(root.resolve("disk").resolve("open").toFile())
              .start();
      System.out.println("mounted");
      System.out.flush();
      for (int i = 0; ; i++) {
        var _ =
            LoopDisk.make(
                root.resolve("image-" + i), root.resolve("disk-" + i), "ext4", LoopDiskTest.BYTES);
      }
    }
  }

  @Test
  void childThatStandsStill_isEnded() throws Exception {
    assumeTrue(Files.exists(Path.of("/bin/sleep")), "there is no sleep");
    long pid = Long.parseLong(stopped(WithChild.class));
    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void disks_areUnmounted_thoseTooThatAreJustBeingMounted() throws Exception {
    try {
      FaultFamily.FULL_DISK.tryOut();
    } catch (IOException e) {
      abort(String.valueOf(e.getMessage()));
    }
    assertThat(stopped(WithDisks.class)).isEqualTo("mounted");
    List<String> mounts = Files.readAllLines(Path.of("/proc/self/mounts"));
    assertThat(mounts).noneMatch(line -> line.contains(root.toString()));
  }
}
