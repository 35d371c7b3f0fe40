package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.junit.jupiter.api.Test;

/** The shipped data sets are what {@code data/README.md} says. */
class ShippedDataTest {
  // Tests run in the directory of their module.
  private final ShippedData data = new ShippedData(Path.of("..", "data"));

  @Test
  void flights_haveTheRowsAndSumsOfTheNote() throws IOException {
    long rows = 0;
    long delaySum = 0;
    long distanceSum = 0;
    try (var allocator = new RootAllocator();
        FileChannel channel = FileChannel.open(data.file("flights-200k.arrow"));
        var reader = new ArrowFileReader(channel, allocator)) {
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        rows += batch.getRowCount();
        delaySum += sum((SmallIntVector) batch.getVector("delay"));
        distanceSum += sum((SmallIntVector) batch.getVector("distance"));
      }
    }
    assertThat(rows).isEqualTo(200_000);
    assertThat(delaySum).isEqualTo(1_500_159);
    assertThat(distanceSum).isEqualTo(145_847_125);
  }

  private static long sum(SmallIntVector column) {
    long sum = 0;
    for (int row = 0; row < column.getValueCount(); row++) {
      sum += column.isNull(row) ? 0 : column.get(row);
    }
    return sum;
  }

  @Test
  void airports_haveTheRowsOfTheNote() throws IOException {
    List<String> lines = Files.readAllLines(data.file("airports.csv"));

    assertThat(lines.getFirst()).isEqualTo("iata,name,city,state,country,latitude,longitude");
    assertThat(lines).hasSize(1 + 3_376);
  }

  @Test
  void file_missing_namesIt() {
    assertThatIllegalStateException()
        .isThrownBy(() -> data.file("absent.csv"))
        .withMessageContaining("absent.csv");
  }

  @Test
  void installation_withoutLauncher_namesTheLauncher() {
    assertThatIllegalStateException()
        .isThrownBy(ShippedData::ofInstallation)
        .withMessageContaining("./khonsu");
  }

  @Test
  void installation_isWhereTheLauncherSays() {
    System.setProperty("khonsu.home", "..");
    try {
      assertThat(ShippedData.ofInstallation().file("airports.csv")).isRegularFile();
    } finally {
      System.clearProperty("khonsu.home");
    }
  }
}
