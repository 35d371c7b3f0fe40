package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Frames that go through a third node. */
class DetoursTest {
  private static final int LARGE_BYTES = 100_000;

  /** A direction. */
  private record Way(long from, long to) {}

  private final Map<Long, Transport.Receiver> receivers = new TreeMap<>();
  private final Map<Long, Detours> nodes = new TreeMap<>();
  private final Map<Long, List<String>> told = new TreeMap<>();
  private final Set<Way> cut = new HashSet<>();

  /** Frames that are sent there are lost, and nobody knows it. */
  private final Set<Way> swallowing = new HashSet<>();

  /** Whom somebody lets in no more. */
  private final Set<Way> strangers = new HashSet<>();

  private final List<Way> passed = new ArrayList<>();

  private void start(long... ids) {
    for (long id : ids) {
      List<String> mine = new ArrayList<>();
      told.put(id, mine);
      Detours node = new Detours(new Wire(id), id);
      nodes.put(id, node);
      node.start(
          new Transport.Receiver() {
            @Override
            public boolean receive(long from, byte[] frame) {
              return mine.add(from + ":" + frame.length + ":" + Arrays.hashCode(frame));
            }

            @Override
            public void received() {}

            @Override
            public void reconnected(long from) {
              mine.add(from + " is there");
            }
          });
    }
    for (long from : ids) {
      for (long to : ids) {
        if (from != to) {
          known(nodes, to).reconnected(from);
        }
      }
    }
    told.values().forEach(List::clear);
  }

  /** What is below: frames arrive at once, or never. */
  private final class Wire implements Transport {
    private final long node;

    private Wire(long node) {
      this.node = node;
    }

    @Override
    public boolean isPeer(long other) {
      return !strangers.contains(new Way(node, other));
    }

    @Override
    public void setPeer(long other, String address) {
      // all know each other
    }

    @Override
    public void removePeer(long other) {
      cutBothWays(node, other);
      strangers.add(new Way(node, other));
    }

    @Override
    public void start(Receiver receiver) {
      receivers.put(node, receiver);
    }

    @Override
    public void send(long to, byte[] frame) {
      if (!isCut(to)) {
        passed.add(new Way(node, to));
      }
      if (!isCut(to) && !swallowing.contains(new Way(node, to))) {
        assertThat(known(receivers, to).receive(node, frame)).isTrue();
      }
    }

    @Override
    public boolean isCut(long to) {
      return cut.contains(new Way(node, to));
    }

    @Override
    public void close() {}
  }

  private static <T> T known(Map<Long, T> all, long node) {
    return Optional.ofNullable(all.get(node)).orElseThrow();
  }

  private void cutBothWays(long one, long other) {
    cut.add(new Way(one, other));
    cut.add(new Way(other, one));
  }

  private static String as(long from, byte[] frame) {
    return from + ":" + frame.length + ":" + Arrays.hashCode(frame);
  }

  private void talk(long one, long other) {
    for (int i = 0; i < 3; i++) {
      known(nodes, one).send(other, new byte[] {1, 2});
      known(nodes, other).send(one, new byte[] {1, 3});
    }
  }

  @Test
  void frames_goDirectly_asLongAsTheyCan() {
    start(1, 2, 3);
    known(nodes, 1L).send(2, new byte[] {1});
    assertThat(passed).containsExactly(new Way(1, 2));
    assertThat(known(told, 2L)).containsExactly(as(1, new byte[] {1}));
  }

  @Test
  void nodesThatLostEachOther_talkThroughTheThird_asIfTheyHadNot() {
    start(1, 2, 3);
    cutBothWays(1, 2);
    talk(1, 2);
    assertThat(known(told, 2L))
        .containsExactly(
            as(1, new byte[] {1, 2}), as(1, new byte[] {1, 2}), as(1, new byte[] {1, 2}));
    byte[] large = new byte[LARGE_BYTES];
    large[7] = 9;
    known(nodes, 1L).send(2, large);
    assertThat(known(told, 2L)).contains(as(1, large));
    assertThat(known(told, 3L)).isEmpty();
    cut.clear();
    passed.clear();
    known(nodes, 1L).send(2, large);
    assertThat(passed).containsExactly(new Way(1, 2));
  }

  @Test
  void oneDirectionThatIsCut_isGoneAround_andTheOtherIsNot() {
    start(1, 2, 3);
    cut.add(new Way(1, 2));
    talk(1, 2);
    passed.clear();
    known(nodes, 1L).send(2, new byte[LARGE_BYTES]);
    known(nodes, 2L).send(1, new byte[] {5});
    assertThat(passed).containsExactly(new Way(1, 3), new Way(3, 2), new Way(2, 1));
  }

  @Test
  void nodeThatNobodyHears_getsSmallFramesOnly() {
    start(1, 2, 3);
    cutBothWays(1, 2);
    cutBothWays(3, 2);
    known(nodes, 1L).send(2, new byte[LARGE_BYTES]);
    assertThat(passed).isEmpty();
    known(nodes, 1L).send(2, new byte[] {1});
    assertThat(passed).containsExactly(new Way(1, 3), new Way(3, 1)); // which has no way either
    assertThat(known(told, 2L)).isEmpty();
  }

  @Test
  void frames_goThroughOneNode_neverTwo() {
    start(1, 2, 3, 4);
    cutBothWays(1, 2);
    cutBothWays(1, 4);
    cutBothWays(3, 2);
    talk(1, 2);
    assertThat(known(told, 2L)).isEmpty();
    assertThat(passed).doesNotContain(new Way(3, 4), new Way(4, 3));
  }

  @Test
  void nodeThatLeadsNowhere_isReplacedByAnother() {
    start(1, 2, 3, 4, 5);
    cutBothWays(1, 2);
    cutBothWays(3, 2);
    cutBothWays(4, 2);
    for (int i = 0; i < 400; i++) {
      known(nodes, 1L).send(2, new byte[] {1});
      known(nodes, 2L).send(1, new byte[] {1});
    }
    assertThat(known(told, 2L)).isNotEmpty();
    known(told, 2L).clear();
    byte[] large = new byte[LARGE_BYTES];
    known(nodes, 1L).send(2, large);
    assertThat(known(told, 2L)).containsExactly(as(1, large));
    cutBothWays(1, 5); // the only way is gone
    known(told, 2L).clear();
    known(nodes, 1L).send(2, large);
    assertThat(known(told, 2L)).isEmpty();
  }

  /** {@return which of some large frames arrived, while both nodes send small ones as well} */
  private List<Integer> arrivedLarge(int count) {
    List<Integer> arrived = new ArrayList<>();
    byte[] large = new byte[LARGE_BYTES];
    for (int i = 0; i < count; i++) {
      large[i] = 1;
      known(nodes, 1L).send(2, new byte[] {1});
      known(nodes, 2L).send(1, new byte[] {1});
      known(nodes, 1L).send(2, large);
      if (known(told, 2L).contains(as(1, large))) {
        arrived.add(i);
      }
    }
    return arrived;
  }

  @Test
  void detourThatWorks_isKept_thoughTheGoalAnswersDirectly() {
    start(1, 2, 3, 4, 5);
    cut.add(new Way(1, 2));
    cut.add(new Way(3, 2));
    assertThat(arrivedLarge(300)).hasSize(300); // a small one has found the way before the first
    assertThat(passed.stream().filter(new Way(1, 3)::equals)).hasSize(1);
  }

  @Test
  void nodeThroughWhichTheGoalSpeaks_isNotUsedAgain_ifItDoesNotLeadThere() {
    start(1, 2, 3, 4);
    cutBothWays(1, 2);
    cut.add(new Way(3, 2));
    cut.add(new Way(2, 4));
    assertThat(arrivedLarge(300)).hasSize(300);
  }

  @Test
  void silence_isATime_andNotANumberOfFrames() {
    start(1, 2, 3, 4);
    cutBothWays(1, 2);
    swallowing.add(new Way(4, 2));
    talk(1, 2);
    swallowing.add(new Way(3, 2));
    passed.clear();
    for (int i = 0; i < 1_000; i++) {
      known(nodes, 1L).send(2, new byte[LARGE_BYTES]); // to one that is slow
    }
    assertThat(passed.stream().filter(new Way(3, 2)::equals)).hasSize(1_000);
    for (int i = 0; i < Detours.SILENCE_TICKS; i++) {
      known(nodes, 1L).tick();
    }
    passed.clear();
    known(nodes, 1L).send(2, new byte[LARGE_BYTES]);
    assertThat(passed).isEmpty();
    swallowing.remove(new Way(4, 2));
    known(nodes, 1L).send(2, new byte[] {9});
    assertThat(passed).containsExactly(new Way(1, 4), new Way(4, 2));
    assertThat(known(told, 2L)).contains(as(1, new byte[] {9}));
  }

  @Test
  void nodeThatWasRemoved_getsInThroughNobody() {
    start(1, 2, 3);
    known(nodes, 2L).removePeer(1);
    known(nodes, 1L).send(2, new byte[] {1});
    assertThat(passed).containsExactly(new Way(1, 3), new Way(3, 2)); // where it is known still
    assertThat(known(told, 2L)).isEmpty();
  }

  @Test
  void frameThatIsNoDetour_isDelivered_whateverItBeginsWith() {
    start(1, 2);
    byte[] cutOff = {Detours.MARK, 0, 0};
    known(nodes, 1L).send(2, cutOff);
    assertThat(known(told, 2L)).containsExactly(as(1, cutOff));
  }
}
