package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The ring of runs beside a plain list. */
class EntryLogPropertyTest {
  @Test
  void operations_atRandom_agreeWithAList() {
    for (long seed = 1; seed <= 200; seed++) {
      try {
        compare(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void compare(SplittableRandom random) {
    EntryLog log = new EntryLog(0);
    List<String> list = new ArrayList<>();
    for (int step = 0; step < 300; step++) {
      int kept = list.size() - (int) log.start();
      switch (random.nextInt(6)) {
        case 0 -> {
          int end = (int) log.start() + random.nextInt(kept + 1);
          log.truncate(end);
          list.subList(end, list.size()).clear();
        }
        case 1 -> log.trim(log.start() + random.nextInt(kept / 2 + 1));
        default -> {
          Entries run = run(random, step);
          log.append(run);
          list.addAll(Texts.of(List.of(run)));
        }
      }
      int from = (int) log.start() + random.nextInt(list.size() - (int) log.start() + 1);
      int to = from + random.nextInt(list.size() - from + 1);
      assertThat(log.end()).isEqualTo(list.size());
      assertThat(Texts.of(log.range(from, to))).isEqualTo(list.subList(from, to));
      int bytes = list.subList(from, to).stream().mapToInt(EntryLogPropertyTest::cost).sum();
      assertThat(log.bytesAt(to) - log.bytesAt(from)).isEqualTo(bytes);
      checkLimited(log, list, from, to, random.nextInt(100));
    }
  }

  private static void checkLimited(EntryLog log, List<String> list, int from, int to, int limit) {
    List<String> limited = Texts.of(log.range(from, to, limit));
    assertThat(limited).isEqualTo(list.subList(from, from + limited.size()));
    int bytes = limited.stream().mapToInt(EntryLogPropertyTest::cost).sum();
    boolean full = limited.size() == to - from;
    assertThat(bytes <= limit || limited.size() == 1).isTrue();
    assertThat(full || bytes + cost(list.get(from + limited.size())) > limit).isTrue();
  }

  private static int cost(String text) {
    return text.length() + Entries.OVERHEAD_BYTES;
  }

  private static Entries run(SplittableRandom random, int step) {
    String[] texts = new String[1 + random.nextInt(4)];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = step + "x".repeat(random.nextInt(3));
    }
    return Texts.entries(texts);
  }
}
