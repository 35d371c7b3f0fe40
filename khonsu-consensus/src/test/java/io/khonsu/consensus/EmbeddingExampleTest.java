package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example of docs/consensus.md runs, and is the one that is shown. */
class EmbeddingExampleTest {
  @Test
  void cluster_appendsOnAnyReplica_allHaveOneOrder() {
    List<EmbeddingExample> cluster = EmbeddingExample.cluster(3);
    cluster.forEach(EmbeddingExample::start);
    for (int i = 0; i < 40; i++) {
      cluster.forEach(EmbeddingExample::dutyCycle);
    }
    cluster.get(0).append("a");
    cluster.get(1).append("b");
    for (int i = 0; i < 10; i++) {
      cluster.forEach(EmbeddingExample::dutyCycle);
    }
    assertThat(cluster.get(0).state()).containsExactlyInAnyOrder("a", "b");
    assertThat(cluster).allMatch(one -> one.state().equals(cluster.get(0).state()));
  }

  @Test
  void documentation_showsTheExample() throws IOException {
    String source =
        Files.readString(Path.of("src/test/java/io/khonsu/consensus/EmbeddingExample.java"));
    String begin = "// example: begin\n";
    String example =
        source.substring(source.indexOf(begin) + begin.length(), source.indexOf("// example: end"));
    assertThat(Files.readString(Path.of("../docs/consensus.md"))).contains(example);
  }
}
