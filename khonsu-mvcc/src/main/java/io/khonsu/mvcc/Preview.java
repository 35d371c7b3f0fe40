package io.khonsu.mvcc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a commit, outside the commit section: most of what must be refused is, and what
 * was looked at need not be looked at inside. A request that writes nothing gets its answer here.
 */
final class Preview<V> {
  private final TxnBuffer<V> buffer;
  private final CommitRequest<V> request;
  private final Certifier<V> certifier;

  /** The last commit that ranges were compared with, or before. */
  private final CommitRecord<V> compared;

  Preview(TxnBuffer<V> buffer, CommitRequest<V> request) {
    this.buffer = buffer;
    this.request = request;
    this.certifier = new Certifier<>(buffer.table(), request, certification());
    this.compared = compareRanges();
  }

  CommitResult<V> run() {
    CommitResult<V> early = answer();
    return early != null ? early : new Committing<>(buffer, certifier, compared).run();
  }

  /** {@return the answer, or null if the commit section must give it} */
  private @Nullable CommitResult<V> answer() {
    certifier.preview();
    certifier.searchPublished(buffer);
    if (!certifier.conflicts().isEmpty()) {
      return new CommitResult.Aborted<>(certifier.conflicts());
    }
    if (request.writes().size() > 0) {
      return null;
    }
    return certification() == Certification.SSN && request.level().validatesItems()
        ? commitReads()
        : new CommitResult.Accepted<>(compared, List.of());
  }

  /**
   * {@return a published commit up to which the ranges are unchanged} Items that are unchanged when
   * looked at later were so at that commit too, so a request that only reads is valid there.
   */
  private CommitRecord<V> compareRanges() {
    if (request.reads().rangeCount() == 0 || certifier.net() != null) {
      return request.writes().size() == 0 ? buffer.newestRecord() : request.snapshot().roughStart();
    }
    try (Snapshot<V> now = buffer.snapshot()) {
      certifier.checkRanges(request.snapshot().start(), now.start(), now.version());
      return now.start();
    }
  }

  /** Gives a request that changes nothing a place that other requests will respect. */
  private CommitResult<V> commitReads() {
    buffer.section().enterForUpkeep();
    try {
      CommitRecord<V> published = buffer.dependencies().published();
      certifier.checkItems();
      certifier.checkRanges(compared, published, published.version());
      if (!certifier.conflicts().isEmpty()) {
        return new CommitResult.Aborted<>(certifier.conflicts());
      }
      return buffer.safeSnapshots().place()
          ? new CommitResult.Accepted<>(published, List.of())
          : new CommitResult.Blocked<>(buffer.dependencies().tailVersion());
    } finally {
      buffer.leave();
    }
  }

  private Certification certification() {
    return buffer.options().certification();
  }
}
