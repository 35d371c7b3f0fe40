package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The protocol as conversations: what each script expects is what the replicas do, to the letter.
 * Run with {@code -Dkhonsu.scripts.write=true} to write down what they do instead.
 */
class ProtocolScriptTest {
  private static final Path SCRIPTS = Path.of("src/test/resources/scripts/consensus");

  @TestFactory
  Stream<DynamicTest> scripts() throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(SCRIPTS)) {
      files = found.sorted().toList();
    }
    assertThat(files).hasSizeGreaterThan(9);
    return files.stream()
        .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
  }

  @Test
  void everyKindOfMessage_isInAScript() throws IOException {
    StringBuilder texts = new StringBuilder();
    try (Stream<Path> found = Files.list(SCRIPTS)) {
      for (Path file : found.toList()) {
        texts.append(Files.readString(file));
      }
    }
    for (Class<?> message : Message.class.getPermittedSubclasses()) {
      assertThat(texts).contains(" " + message.getSimpleName() + "(");
    }
  }

  private static void check(Path file) throws IOException {
    List<String> script = Files.readAllLines(file);
    List<String> transcript = ProtocolScript.run(script);
    if (Boolean.getBoolean("khonsu.scripts.write")) {
      Files.write(file, transcript);
    }
    assertThat(String.join("\n", transcript)).isEqualTo(String.join("\n", script));
  }
}
