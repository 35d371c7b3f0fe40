package io.khonsu.consensus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects what a step has to do. */
final class Outbox {
  private final List<StagedChunk> staged = new ArrayList<>();
  private final List<Envelope> now = new ArrayList<>();
  private final List<Envelope> afterPersist = new ArrayList<>();
  private final List<Event> events = new ArrayList<>();
  private final List<SnapshotRead> snapshotReads = new ArrayList<>();
  private @Nullable Decided decided;

  void now(Envelope envelope) {
    now.add(envelope);
  }

  void afterPersist(Envelope envelope) {
    afterPersist.add(envelope);
  }

  void event(Event event) {
    events.add(event);
  }

  void stage(StagedChunk chunk) {
    staged.add(chunk);
  }

  void read(SnapshotRead read) {
    snapshotReads.add(read);
  }

  void decided(Decided newlyDecided) {
    decided = newlyDecided;
  }

  /** {@return what was collected, which is then forgotten} */
  Output drain(@Nullable Persist persist) {
    if (persist == null
        && decided == null
        && now.isEmpty()
        && afterPersist.isEmpty()
        && events.isEmpty()
        && staged.isEmpty()
        && snapshotReads.isEmpty()) {
      return Output.NOTHING;
    }
    Output output = new Output(staged, persist, now, afterPersist, decided, events, snapshotReads);
    staged.clear();
    now.clear();
    afterPersist.clear();
    events.clear();
    snapshotReads.clear();
    decided = null;
    return output;
  }
}
