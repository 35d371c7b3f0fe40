package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ChainTest {
  @Test
  void index_outside_isRefused() {
    Chain chain = of(1, 2);

    assertThatThrownBy(() -> chain.digest(3)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> chain.entry(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> chain.truncate(3)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void digest_tellsPrefixesApart() {
    Chain chain = of(1, 2, 3);
    Chain other = of(1, 2, 4);

    assertThat(chain.digest(2)).isEqualTo(other.digest(2));
    assertThat(chain.digest(3)).isNotEqualTo(other.digest(3));
    assertThat(chain.firstDifference(other)).isEqualTo(2);
  }

  @Test
  void truncatedAndAppended_equalsWhatWasAppendedAtOnce() {
    Chain chain = of(1, 9, 9);
    chain.truncate(1);
    chain.append(2);

    assertThat(chain.digest(2)).isEqualTo(of(1, 2).digest(2));
  }

  private static Chain of(long... entries) {
    Chain chain = new Chain();
    for (long entry : entries) {
      chain.append(entry);
    }
    return chain;
  }
}
