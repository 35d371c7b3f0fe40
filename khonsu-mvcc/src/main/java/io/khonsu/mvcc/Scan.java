package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/** One pass over the ordered index: see {@link OrderedIndex} for why it misses nothing. */
final class Scan<V> {
  private final OrderedIndex<V> ordered;
  private final KeyInterval interval;
  private final long snapshot;
  private final ValueLifecycle<V> lifecycle;
  private final ScanVisitor<V> visitor;

  Scan(
      OrderedIndex<V> ordered,
      KeyInterval interval,
      long snapshot,
      ValueLifecycle<V> lifecycle,
      ScanVisitor<V> visitor) {
    this.ordered = ordered;
    this.interval = interval;
    this.snapshot = snapshot;
    this.lifecycle = lifecycle;
    this.visitor = visitor;
  }

  /** {@return the key to go on from if the visitor has had enough, or null at the end} */
  @Nullable Key run() {
    OrderedIndex.@Nullable Content<V> content = ordered.contentAt(interval.from());
    int first = content.lowerBound(interval.from(), content.count);
    while (content != null) {
      visit(content, first);
      visitor.lookedAt(content.count - first);
      Key high = content.high();
      if (high == null || isBeyond(high)) {
        return null;
      }
      if (!visitor.wantsMore()) {
        return high;
      }
      content = content.next();
      first = 0;
    }
    return null;
  }

  private boolean isBeyond(Key position) {
    Key to = interval.to();
    return to != null && position.compareTo(to) >= 0;
  }

  private void visit(OrderedIndex.Content<V> content, int first) {
    int count = content.count;
    int end = end(content, count);
    boolean isWhole = first == 0 && end == count && count > 0;
    if (isWhole && visitRun(content, count)) {
      return;
    }
    RunFinder<V> finder = new RunFinder<>();
    for (int i = first; i < end; i++) {
      visit(content.chains[i], finder);
    }
    if (isWhole) {
      content.run = finder.found(count);
    }
  }

  /** {@return how many chains of a content lie before the end of the interval} */
  private int end(OrderedIndex.Content<V> content, int count) {
    Key to = interval.to();
    Key high = content.high();
    boolean coversEnd = to != null && (high == null || high.compareTo(to) > 0);
    return to != null && coversEnd ? content.lowerBound(to, count) : count;
  }

  private void visit(Chain<V> chain, RunFinder<V> finder) {
    Version<V> head = chain.head();
    Version<V> version = head == null ? null : head.visibleAt(snapshot);
    finder.note(head, version);
    if (version != null && !version.isTombstone()) {
      visitor.item(chain, version.settled());
    }
  }

  /** A remembered run holds as long as nothing in it was overwritten, and nothing was added. */
  private boolean visitRun(OrderedIndex.Content<V> content, int count) {
    OrderedIndex.Run<V> run = content.run;
    return run != null
        && run.count() == count
        && run.version() <= snapshot
        && lifecycle.isIntact(run.value(), run.firstIndex(), count)
        && visitor.run(run.value(), run.firstIndex(), count);
  }

  /** Finds out whether all chains of a content are one run. */
  private static final class RunFinder<V> {
    private @Nullable Version<V> first;
    private int seen;
    private long newest;
    private boolean broken;

    @SuppressWarnings("ReferenceEquality") // the same version and value, not equal ones
    private void note(@Nullable Version<V> head, @Nullable Version<V> version) {
      boolean isValue = version != null && !version.isTombstone() && !(version instanceof Delta);
      if (broken || version == null || version != head || !isValue) {
        broken = true;
        return;
      }
      if (first == null) {
        first = version;
      }
      broken = version.value() != first.value() || version.index() != first.index() + seen;
      newest = Math.max(newest, version.version);
      seen++;
    }

    private OrderedIndex.@Nullable Run<V> found(int count) {
      return broken || first == null
          ? null
          : new OrderedIndex.Run<>(first.requireValue(), first.index(), count, newest);
    }
  }
}
