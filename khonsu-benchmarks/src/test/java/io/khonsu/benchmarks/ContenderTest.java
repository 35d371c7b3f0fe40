package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every contender does what it is measured for. */
class ContenderTest {
  private static final int KEYS = 256;
  private static final int TRANSACTIONS = 300;
  private static final int COUNTS = 2_000;

  @ParameterizedTest
  @EnumSource
  void loads_twoThreads_keepTheirInvariants(Peer peer) throws InterruptedException {
    for (Load load : Load.values()) {
      if (!load.reasonAgainst(peer).isEmpty()) {
        continue;
      }
      KeyNames names = new KeyNames(KEYS, load.spare(KEYS));
      try (Contender contender = peer.create(names);
          RoundRunner runner = new RoundRunner(load, 2, KEYS, 1 << 8)) {
        Work total = new Work();
        runner
            .runCounted(contender, TRANSACTIONS)
            .values()
            .forEach(round -> total.add(round.work()));

        assertThat(total.commits + total.failures).as(load.id()).isEqualTo(2 * TRANSACTIONS);
        assertThat(Invariant.broken(load, contender, names, total.changed)).as(load.id()).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void tasks_oneThread_doAsAMapDoes(Peer peer) {
    for (Load load : Load.values()) {
      if (load.reasonAgainst(peer).isEmpty()) {
        compareWithModel(peer, load);
      }
    }
  }

  private static void compareWithModel(Peer peer, Load load) {
    KeyNames names = new KeyNames(KEYS, load.spare(KEYS));
    ModelSession model = ModelSession.of(names);
    KeySequence sequence = new KeySequence(load, load.part(0, 2), KEYS, 1 << 8, 7);
    Task task = sequence.newTask();
    try (Contender contender = peer.create(names)) {
      Session session = contender.open();
      for (int n = 0; n < TRANSACTIONS; n++) {
        task.load(sequence.at(n), n);
        assertThat(session.transact(task)).as(load.id()).isEqualTo(model.transact(task));
      }
      for (int i = 0; i < names.countWithSpare(); i++) {
        assertThat(contender.valueOf(i)).as(load.id()).isEqualTo(model.find(i));
      }
      if (peer != Peer.MULTIVERSE) { // it learns from failed tries how large a transaction is
        assertThat(session.retries()).as(load.id()).isZero();
      }
    }
  }

  /** Each transaction reads two items and adds one to one of them; no two may see the same sum. */
  @ParameterizedTest
  @EnumSource
  void writeSkew_serializablePeer_neverHappens(Peer peer) throws Exception {
    if (peer.has(Peer.Trait.SNAPSHOT_ONLY)) {
      return;
    }
    try (Contender contender = peer.create(new KeyNames(KEYS, 0));
        ExecutorService executor = Executors.newFixedThreadPool(2)) {
      CyclicBarrier barrier = new CyclicBarrier(2);
      List<Callable<List<Long>>> counters = new ArrayList<>();
      for (int own = 0; own < 2; own++) {
        Task task = new CountingTask(own, 1 - own);
        Session session = contender.open();
        counters.add(() -> countRepeatedly(session, task, barrier));
      }
      List<Long> seen = new ArrayList<>();
      for (Future<List<Long>> sums : executor.invokeAll(counters)) {
        seen.addAll(sums.get());
      }

      assertThat(seen).doesNotHaveDuplicates().hasSize(2 * COUNTS);
    }
  }

  private static List<Long> countRepeatedly(Session session, Task task, CyclicBarrier barrier)
      throws Exception {
    List<Long> sums = new ArrayList<>();
    barrier.await();
    for (int n = 0; n < COUNTS; n++) {
      sums.add(session.transact(task));
    }
    return sums;
  }

  /** Returns the sum of two items, after which it adds one to the first. */
  private static final class CountingTask extends Task {
    private final int own;
    private final int other;

    private CountingTask(int own, int other) {
      super(new int[] {header(Shape.WRITE_CHECK, 1, 2), own, other});
      this.own = own;
      this.other = other;
      load(0, 0);
    }

    @Override
    long run(Session session) {
      long value = session.get(own);
      long sum = value + session.get(other);
      session.set(own, value + 1);
      return sum;
    }
  }

  @Test
  void zipf_isSkewed() {
    KeySequence sequence = new KeySequence(Load.RW_ZIPF, Load.Part.ALL, 1_000, 1 << 12, 1);
    Task task = sequence.newTask();
    List<Integer> items = new ArrayList<>();
    for (int n = 0; n < 1 << 12; n++) {
      task.load(sequence.at(n), n);
      IntStream.range(0, task.count()).map(task::item).forEach(items::add);
    }

    long hottest = items.stream().filter(item -> item == 0).count();

    assertThat(hottest).isBetween(items.size() / 10L, items.size() / 5L);
    assertThat(items.stream().distinct().count()).isGreaterThan(500);
  }

  @Test
  void smallBank_hasSixTypesInHStoresShares() {
    KeySequence sequence = new KeySequence(Load.SMALLBANK, Load.Part.ALL, 1_000, 1 << 14, 1);
    Task task = sequence.newTask();
    Map<Shape, Integer> counts = new EnumMap<>(Shape.class);
    for (int n = 0; n < 1 << 14; n++) {
      task.load(sequence.at(n), n);
      counts.merge(task.shape(), 1, Integer::sum);
    }

    assertThat(counts).hasSize(6);
    assertThat(counts.get(Shape.SEND_PAYMENT))
        .isBetween((1 << 14) * 23 / 100, (1 << 14) * 27 / 100);
    assertThat(counts.get(Shape.BALANCE)).isBetween((1 << 14) * 13 / 100, (1 << 14) * 17 / 100);
  }

  @Test
  void invariant_lostUpdate_isFound() {
    KeyNames names = new KeyNames(KEYS, 0);
    try (Contender contender = Peer.STRIPED.create(names)) {
      contender.open().set(3, 4L);

      assertThat(Invariant.broken(Load.HOT, contender, names, 0)).contains("instead of");
      assertThat(Invariant.broken(Load.HOT, contender, names, 1)).isEmpty();
      assertThat(Invariant.broken(Load.BLIND, contender, names, 0)).contains("differ");
      assertThat(Invariant.broken(Load.YCSB_A, contender, names, 0)).contains("item 3");
    }
  }

  @Test
  void histogram_quantile_isWithinASixteenth() {
    Histogram histogram = new Histogram();
    for (int nanos = 1; nanos <= 100_000; nanos++) {
      histogram.record(nanos);
    }

    assertThat(histogram.quantile(0.5)).isBetween(46_875L, 53_125L);
    assertThat(histogram.quantile(0.99)).isBetween(92_812L, 105_187L);
  }
}
