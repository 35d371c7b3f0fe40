package io.khonsu;

import java.util.ArrayList;
import java.util.List;

/**
 * The time until every thread that was inside a view when it began has left: from then on nobody
 * uses a batch that could not be reached any more at the beginning. Not thread-safe.
 */
final class Grace {
  /*
   * Why a reader needs no reference to a batch while it is inside a view:
   *
   *   the reader    enters (CAS on the view's state), reads the place of the batch, uses it, leaves
   *   the spiller   empties the place (volatile), looks who is inside, frees when all have left
   *
   * If the spiller does not find the reader inside, the reader enters later in the order of these
   * volatile accesses, and so finds the place empty. A view that is opened meanwhile is the same
   * case: whoever misses it in the set has emptied the place before it was added. The count of
   * passes tells one stay from the next.
   */
  private final List<Stay> stays = new ArrayList<>();

  /** A thread's stay inside a view. */
  private record Stay(ViewState view, int since) {
    boolean isOver() {
      return view.insideSince() != since;
    }
  }

  Grace(Iterable<ViewState> views) {
    for (ViewState view : views) {
      int since = view.insideSince();
      if (since >= 0) {
        stays.add(new Stay(view, since));
      }
    }
  }

  /** {@return whether all have left} */
  boolean isOver() {
    stays.removeIf(Stay::isOver);
    return stays.isEmpty();
  }
}
