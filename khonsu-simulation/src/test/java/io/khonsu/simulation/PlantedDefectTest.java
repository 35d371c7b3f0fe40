package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Defects planted in the protocol, its driver and its disk: each is found within so many seeds. */
class PlantedDefectTest {
  /** As {@code docs/simulation.md} says. */
  @ParameterizedTest
  @CsvSource({
PLACEHOLDER
  })
  void defect_planted_isFound(String defect, String family, int seeds) {
    Settings settings = Families.named(family);
    Breakage breakage = Breakage.named(defect);
    for (long seed = 1; seed <= seeds; seed++) {
      if (!SimulationRun.run(settings, seed, breakage).passed()) {
        return;
      }
    }
    assertThat(seeds).as("%s was not found in %s by seeds 1 to %s", defect, family, seeds).isZero();
  }
}
