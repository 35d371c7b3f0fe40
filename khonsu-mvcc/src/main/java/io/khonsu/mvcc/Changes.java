package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/** What was published after a snapshot, up to a newer commit. The snapshot must stay open. */
final class Changes<V> {
  private final KeyTable<V> table;
  private final Snapshot<V> since;
  private final CommitRecord<V> newest;

  Changes(KeyTable<V> table, Snapshot<V> since, CommitRecord<V> newest) {
    this.table = table;
    this.since = since;
    this.newest = newest;
  }

  /** {@return whether something that was read has been changed, or may have been} */
  boolean touch(ReadSet<V> reads) {
    if (newest.version() == since.version()) {
      return false;
    }
    for (Key guard : reads.guards()) {
      if (touch(guard)) {
        return true;
      }
    }
    for (int i = 0; i < reads.itemCount(); i++) {
      if (touch(reads.item(i))) {
        return true;
      }
    }
    return reads.rangeCount() > 0 && touchRanges(reads);
  }

  private boolean touch(Key key) {
    Chain<V> chain = table.resolve(key);
    Version<V> version = chain == null ? null : chain.visibleAt(newest.version());
    return version != null && version.version > since.version();
  }

  @SuppressWarnings("ReferenceEquality") // this very record
  private boolean touchRanges(ReadSet<V> reads) {
    @Nullable CommitRecord<V> record = since.start();
    while (record != null && record != newest) {
      record = record.next();
      if (record != null && touches(record, reads)) {
        return true;
      }
    }
    return false;
  }

  private static <V> boolean touches(CommitRecord<V> record, ReadSet<V> reads) {
    for (int position = 0; position < record.size(); position++) {
      Chain<V> chain = record.chain(position);
      for (int i = 0; i < reads.rangeCount(); i++) {
        if (reads.range(i).interval().contains(chain)) {
          return true;
        }
      }
    }
    return false;
  }
}
