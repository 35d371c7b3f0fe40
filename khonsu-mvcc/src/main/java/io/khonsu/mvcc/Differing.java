package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/** One pass over the items that two snapshots see differently, in key order; see {@link Scan}. */
final class Differing<V> {
  private final OrderedIndex<V> ordered;
  private final KeyInterval interval;
  private final long before;
  private final long after;
  private final ChangeVisitor<V> visitor;

  Differing(
      OrderedIndex<V> ordered,
      KeyInterval interval,
      long before,
      long after,
      ChangeVisitor<V> visitor) {
    this.ordered = ordered;
    this.interval = interval;
    this.before = before;
    this.after = after;
    this.visitor = visitor;
  }

  void run() {
    OrderedIndex.@Nullable Content<V> content = ordered.contentAt(interval.from());
    int first = content.lowerBound(interval.from(), content.count);
    while (content != null && visit(content, first)) {
      content = content.high() == null ? null : content.next();
      first = 0;
    }
  }

  /** {@return whether to go on} */
  private boolean visit(OrderedIndex.Content<V> content, int first) {
    int count = content.count;
    for (int i = first; i < count; i++) {
      Chain<V> chain = content.chains[i];
      if (!interval.contains(chain) || !visit(chain)) {
        return false;
      }
    }
    Key high = content.high();
    return high != null && (interval.to() == null || high.compareTo(interval.to()) < 0);
  }

  private boolean visit(Chain<V> chain) {
    Version<V> old = existing(chain.visibleAt(before));
    Version<V> young = existing(chain.visibleAt(after));
    boolean isSame =
        (old == null || young == null) ? old == young : old.version() == young.version();
    return isSame || visitor.change(chain, settled(old), settled(young));
  }

  private static <V> @Nullable Version<V> settled(@Nullable Version<V> version) {
    return version == null ? null : version.settled();
  }

  private static <V> @Nullable Version<V> existing(@Nullable Version<V> version) {
    return version == null || version.isTombstone() ? null : version;
  }
}
