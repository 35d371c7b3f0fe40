package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class AirportFileTest {
  @Test
  void shippedAirports_areRead() throws IOException {
    assertThat(AirportFile.read(Path.of("..", "data", "airports.csv")))
        .hasSize(3_376)
        .contains(
            new AirportFile.Airport(
                "DBN", "W. H. \"Bud\" Barron", "Dublin", "GA", "USA", 32.56445806, -82.98525556));
  }

  @Test
  void fields_quotedOrEmpty_areSplit() {
    assertThat(AirportFile.fields("a,\"b, c\",,\"\"\"d\"\"\""))
        .containsExactly("a", "b, c", "", "\"d\"");
    assertThat(AirportFile.fields("")).containsExactly("");
  }

  @Test
  void fields_quoteNotClosed_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> AirportFile.fields("a,\"b"));
  }
}
