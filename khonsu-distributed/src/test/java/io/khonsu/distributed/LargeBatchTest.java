package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.consensus.Member;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes of a submission does not depend on how many others are in its entry. */
class LargeBatchTest extends SteppedNodes {
  private static final long FIRST_VERSION = 1_000;
  private static final int SUBMISSIONS = 150;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void submissions_inOneEntry_comeOutAsInOneEach(long seed) throws IOException {
    Node whole = node(disk());
    Node single = node(disk());
    List<Submission> all = submissions(single, new Random(seed));
    List<Outcome> outcomes =
        whole.apply(new LogEntry.Batch(whole.config.group(), FIRST_VERSION, all));
    assertThat(texts(outcomes)).isEqualTo(texts(applyEach(single, all)));
    assertThat(whole.store.newestVersion()).isEqualTo(single.store.newestVersion());
    assertThat(whole.rows()).isEqualTo(single.rows());
    assertThat(whole.state.commitCount()).isEqualTo(single.state.commitCount()).isGreaterThan(50);
  }

  private static List<Outcome> applyEach(Node node, List<Submission> all) throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      long version = FIRST_VERSION + i;
      outcomes.addAll(
          node.apply(new LogEntry.Batch(node.config.group(), version, List.of(all.get(i)))));
    }
    return outcomes;
  }

  /** {@return sessions, commits, some of them twice, and questions for what came of some} */
  private List<Submission> submissions(Node like, Random random) throws IOException {
    List<byte[]> requests = requests(like);
    List<Submission> all = new ArrayList<>();
    all.add(new Submission.OpenSession(new Member(1, 1), 1, 1));
    for (int number = 1; all.size() < SUBMISSIONS; number++) {
      long id = CommitIds.of(1, number);
      byte[] request = requests.get(number == 1 ? 0 : 1 + random.nextInt(requests.size() - 1));
      switch (number == 1 ? 9 : random.nextInt(10)) {
        case 0 -> all.add(new Submission.OpenSession(new Member(1, 1), 1, number));
        case 1 -> all.add(new Submission.Resolve(id));
        case 2 -> all.add(commit(CommitIds.of(99, number), request));
        case 3 -> {
          all.add(commit(id, request));
          all.add(commit(id, request));
          all.add(new Submission.Resolve(id));
        }
        default -> all.add(commit(id, request));
      }
    }
    return all;
  }

  private static Submission commit(long id, byte[] request) {
    return new Submission.Commit(id, 1, ByteBuffer.wrap(request));
  }

  /** {@return the table's own, those of some of its rows, and one that says nothing} */
  private List<byte[]> requests(Node like) throws IOException {
    Node maker = node(disk(), like.config);
    byte[] creation = maker.store.request(TEXTS);
    var session = new Submission.OpenSession(new Member(1, 1), 1, 1);
    var _ = maker.apply(new LogEntry.Batch(maker.config.group(), FIRST_VERSION, List.of(session)));
    maker.commit(FIRST_VERSION + 1, creation);
    List<byte[]> requests = new ArrayList<>(List.of(creation, new byte[] {1, 2, 3}));
    for (int id = 0; id < 20; id++) {
      requests.add(maker.update(id, id + 2, "text " + id));
    }
    return requests;
  }

  private static List<String> texts(List<Outcome> outcomes) {
    return outcomes.stream()
        .map(outcome ->
            outcome instanceof Outcome.Decided(byte[] answer)
                ? "decided " + HexFormat.of().formatHex(answer)
                : outcome.toString())
        .toList();
  }
}
