package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The newest published commit and its version, side by side: every transaction begins by looking
 * here, and should not have to follow a reference into what another core has just written. Padded,
 * so that no neighbour's writes disturb its readers.
 *
 * <p>The version is written first and the record after it. So a version read after the record is
 * the record's or newer; and as commits are published one by one, the record is at most one commit
 * older than a version read before it.
 *
 * @param <V> the type of values
 */
final class Published<V> extends PublishedFields<V> {
  @SuppressWarnings("UnusedVariable") // distance
  private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15;

  Published(CommitRecord<V> record) {
    super(record);
  }
}

/** Distance to what lies before. */
abstract class PublishedPadding {
  @SuppressWarnings("UnusedVariable") // distance
  private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15;
}

/** The fields proper. */
abstract class PublishedFields<V> extends PublishedPadding {
  private static final VarHandle VERSION;
  private static final VarHandle RECORD;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      VERSION = lookup.findVarHandle(PublishedFields.class, "version", long.class);
      RECORD = lookup.findVarHandle(PublishedFields.class, "record", CommitRecord.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long version;
  private volatile CommitRecord<V> record;

  PublishedFields(CommitRecord<V> record) {
    this.version = record.version();
    this.record = record;
  }

  long version() {
    return version;
  }

  CommitRecord<V> record() {
    return record;
  }

  /** One at a time, in the order of commits. */
  void set(CommitRecord<V> newest) {
    VERSION.setRelease(this, newest.version());
    RECORD.setRelease(this, newest);
  }
}
