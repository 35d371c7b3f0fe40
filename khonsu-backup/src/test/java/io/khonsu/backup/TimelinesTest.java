package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TimelinesTest {
  private static final UUID STORE = new UUID(4, 2);

  /** As when two nodes share an archive, and begin it at the same moment. */
  @Test
  void timelineThatIsBegunMeanwhile_isTaken() throws Exception {
    InMemoryArchiveStore archive = new InMemoryArchiveStore();
    ArchiveStore late =
        new ForwardingArchiveStore(archive) {
          private boolean wasListed;

          @Override
          public List<StoredObject> list(String prefix) throws IOException {
            List<StoredObject> before = super.list(prefix);
            if (!wasListed) {
              wasListed = true;
              assertThat(of(archive).number()).isEqualTo(1);
            }
            return before;
          }
        };
    assertThat(of(late)).isEqualTo(of(archive));
    assertThat(ArchiveIndex.load(archive).timelines()).containsOnlyKeys(1);
  }

  private static Timeline of(ArchiveStore archive) throws IOException {
    return Timelines.of(archive, STORE, null, Instant.EPOCH);
  }
}
