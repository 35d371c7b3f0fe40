package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher does for faster starts, and that it can do no harm. */
class TrainCommandTest {
  @TempDir private Path directory;

  @Test
  void train_inANewDirectory_runsNodesThatCommit() {
    CommandRun run = CommandRun.of("train", directory.resolve("nodes").toString(), "--commits=9");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(directory.resolve("nodes/node-3")).isDirectory();
  }

  @Test
  void start_withACacheThatIsNone_isAsWithout() throws Exception {
    Path garbage = Files.writeString(directory.resolve("garbage.aot"), "no cache".repeat(10_000));
    Path absent = directory.resolve("absent.aot");

    for (Path cache : List.of(garbage, absent, directory)) {
      assertThat(versionSaid(cache)).as("%s", cache).matches("khonsu \\S+ \\(Java .*\\)\\R");
    }
  }

  /** {@return all that {@code khonsu --version} says with the flags that the launcher gives} */
  private static String versionSaid(Path cache) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(compilerFlags());
    command.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off", "-Xlog:cds=off"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(KhonsuCommand.class.getName(), "--version"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private static List<String> compilerFlags() throws IOException {
    Matcher flags =
        Pattern.compile("^compiler_flags=\"(.+)\"$", Pattern.MULTILINE)
            .matcher(Files.readString(Path.of("..", "khonsu")));
    assertThat(flags.find()).isTrue();
    return List.of(flags.group(1).split(" ", -1));
  }
}
