package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LinksTest {
  private static final List<Integer> IDS = List.of(1, 2, 3, 4, 5);

  private final Links links = new Links();

  @Test
  void star_leavesOnlyTheHubsLinks() {
    links.star(IDS, 3);

    assertThat(links.connectivity(IDS, 3)).isEqualTo(5);
    assertThat(links.connectivity(IDS, 1)).isEqualTo(2);
    assertThat(links.isUp(1, 2)).isFalse();
  }

  @Test
  void deafen_cutsOneDirection() {
    links.deafen(IDS, 2);

    assertThat(links.isUp(2, 1)).isTrue();
    assertThat(links.isUp(1, 2)).isFalse();
    assertThat(links.cuts()).isEqualTo(4);
  }

  @Test
  void chainAndRing_linkNeighbours() {
    links.chain(IDS);
    assertThat(links.isUp(1, 2)).isTrue();
    assertThat(links.isUp(1, 5)).isFalse();

    links.ring(IDS);
    assertThat(links.isUp(1, 5)).isTrue();
  }

  @Test
  void split_keepsBothSidesWhole() {
    links.split(IDS, List.of(1, 2));

    assertThat(links.isUp(1, 2)).isTrue();
    assertThat(links.isUp(3, 5)).isTrue();
    assertThat(links.isUp(2, 3)).isFalse();
  }

  @Test
  void healAll_afterAnyGraph_leavesNothingCut() {
    links.randomOneWayGraph(IDS, 0.3, new SplittableRandom(1));
    assertThat(links.cuts()).isPositive();

    links.healAll();

    assertThat(links.cuts()).isZero();
  }
}
