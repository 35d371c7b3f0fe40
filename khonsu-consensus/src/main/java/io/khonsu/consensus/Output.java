package io.khonsu.consensus;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What to do after a step. Carry it out in the order of the components:
 *
 * <ol>
 *   <li>put {@code staged} chunks aside,
 *   <li>do {@code persist}, atomically, after all earlier ones,
 *   <li>send {@code sendNow} at any time,
 *   <li>send {@code sendAfterPersist} only when this output's write <em>and all earlier outputs'
 *       writes</em> are durable, even if this output has none,
 *   <li>hand {@code decided} and {@code events} to the application, in this order except that an
 *       {@link Event.SnapshotInstalled} comes before the entries decided behind it; an application
 *       with durable state of its own waits for the writes as {@code sendAfterPersist} does,
 *   <li>answer {@code snapshotReads}.
 * </ol>
 *
 * <p>When writes are durable, say so by {@link Input.Persisted}; the leader counts itself by it.
 *
 * @param staged parts of a snapshot to put aside
 * @param persist what to write, or null
 * @param sendNow messages that promise nothing about storage
 * @param sendAfterPersist messages that do
 * @param decided entries newly decided, or null
 * @param events what happened
 * @param snapshotReads parts of snapshots that others want
 */
public record Output(
    List<StagedChunk> staged,
    @Nullable Persist persist,
    List<Envelope> sendNow,
    List<Envelope> sendAfterPersist,
    @Nullable Decided decided,
    List<Event> events,
    List<SnapshotRead> snapshotReads) {
  /** Nothing to do. */
  public static final Output NOTHING =
      new Output(List.of(), null, List.of(), List.of(), null, List.of(), List.of());

  /** Takes copies. */
  public Output {
    staged = List.copyOf(staged);
    sendNow = List.copyOf(sendNow);
    sendAfterPersist = List.copyOf(sendAfterPersist);
    events = List.copyOf(events);
    snapshotReads = List.copyOf(snapshotReads);
  }

  /** {@return whether there is nothing to do} */
  @SuppressWarnings("ReferenceEquality") // the one shared instance
  public boolean isNothing() {
    return this == NOTHING;
  }
}
