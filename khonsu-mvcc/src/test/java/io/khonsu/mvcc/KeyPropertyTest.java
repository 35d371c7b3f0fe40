package io.khonsu.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Keys against the arrays that they stand for, around the lengths where their form changes. */
class KeyPropertyTest {
  @Test
  void key_ofAnyBytes_isThem() {
    SplittableRandom random = new SplittableRandom(7);
    for (int round = 0; round < 200_000; round++) {
      byte[] a = bytes(random);
      byte[] b = random.nextInt(3) == 0 ? changed(random, a) : bytes(random);
      Key first = Key.of(a);
      Key second = Key.of(b);
      assertThat(first.toBytes()).isEqualTo(a);
      assertThat(first.sizeBytes()).isEqualTo(a.length);
      assertThat(Integer.signum(first.compareTo(second)))
          .as("%s and %s", first, second)
          .isEqualTo(Integer.signum(Arrays.compareUnsigned(a, b)));
      assertThat(first.equals(second)).isEqualTo(Arrays.equals(a, b));
      assertThat(Key.of(a)).isEqualTo(first).hasSameHashCodeAs(first);
      assertThat(Key.of(a).hash64()).isEqualTo(first.hash64());
      assertThat(first.successor().toBytes()).isEqualTo(Arrays.copyOf(a, a.length + 1));
      for (int i = 0; i < a.length; i++) {
        assertThat(first.byteAt(i)).isEqualTo(a[i]);
      }
    }
  }

  private static byte[] bytes(SplittableRandom random) {
    byte[] bytes = new byte[random.nextInt(22)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (random.nextBoolean() ? 0 : random.nextInt(-2, 3));
    }
    return bytes;
  }

  /** {@return the same bytes, cut or with zeros behind} */
  private static byte[] changed(SplittableRandom random, byte[] bytes) {
    return Arrays.copyOf(bytes, Math.max(0, bytes.length + random.nextInt(-3, 4)));
  }
}
