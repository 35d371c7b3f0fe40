package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a dashboard sees. */
class ReplicaViewTest {
  @Test
  void leader_whoseFollowerIsCutOff_showsItsLag() {
    Lab lab = new Lab(3, Lab.OPTIONS, Set.of());
    lab.lead(1);
    lab.propose(1, "a");
    lab.tick(20);
    lab.pass(Lab.isolate(3));
    lab.propose(1, "b", "c");
    lab.tick(20);

    ReplicaView view = lab.replica(1).view();

    assertThat(view.leader()).isEqualTo(1);
    assertThat(view.role()).isEqualTo(Role.LEADER);
    assertThat(view.phase()).isEqualTo(Phase.ACCEPT);
    assertThat(view.ballots().promise()).isEqualTo(view.ballots().acceptedRound());
    assertThat(view.log())
        .isEqualTo(new ReplicaView.Log(0, 3, 3, 3, 0, 0, 3 + 3 * Entries.OVERHEAD_BYTES));
    assertThat(view.peers())
        .containsExactly(
            new ReplicaView.Peer(lab.member(2), true, 3, 3, 0),
            new ReplicaView.Peer(lab.member(3), false, 1, 1, 2));
    assertThat(lab.replica(3).view().ballots().happy()).isFalse();
  }
}
