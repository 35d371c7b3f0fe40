package io.khonsu;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A store with an engine in this process, whose state may be elsewhere. */
abstract sealed class EngineStore implements Store permits Khonsu, RemoteStore {
  /** Longer ones are not told apart. */
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  private final Engine engine;
  private final TransactionManager manager;
  private final Retrying retrying;

  EngineStore(Engine engine) {
    this.engine = engine;
    this.manager = engine.manager();
    this.retrying = new Retrying(manager);
  }

  final Engine engine() {
    return engine;
  }

  final TransactionManager manager() {
    return manager;
  }

  final Retrying retrying() {
    return retrying;
  }

  @Override
  public final Transaction begin() {
    return begin(engine.defaultOptions());
  }

  @Override
  public final Transaction begin(TransactionOptions options) {
    return engine.begin(options);
  }

  @Override
  public final <R extends @Nullable Object, E extends Exception> R transact(
      TransactionBody<R, E> body) throws E {
    return transact(engine.defaultOptions(), body);
  }

  @Override
  public final <R extends @Nullable Object, E extends Exception> R transact(
      TransactionOptions options, TransactionBody<R, E> body) throws E {
    return retrying.run(options, body);
  }

  @Override
  public final Snapshot snapshot() {
    return engine.watched(manager.snapshot(0));
  }

  @Override
  public final Snapshot snapshot(Duration maxStaleness) {
    if (maxStaleness.isNegative()) {
      throw new IllegalArgumentException(
          "a snapshot is of the past, not %s ahead of it".formatted(maxStaleness.negated()));
    }
    return engine.watched(manager.snapshot(nanos(maxStaleness)));
  }

  private static long nanos(Duration duration) {
    return duration.compareTo(LONGEST) < 0 ? duration.toNanos() : Long.MAX_VALUE;
  }

  @Override
  public final Snapshot localSnapshot() {
    return engine.watched(manager.localSnapshot());
  }

  @Override
  public final Snapshot snapshotAt(long version) {
    return engine.watched(manager.snapshotAt(version));
  }

  @Override
  public final Snapshot snapshotAt(Instant instant) {
    return snapshotAt(Math.min(HybridClock.lastOf(instant), newestVersion()));
  }

  @Override
  public final CommitStatus outcome(long commitId) {
    manager.views().checkOpen();
    return manager.committer().outcome(commitId);
  }

  @Override
  public final long newestVersion() {
    return manager.origin().newestVersion();
  }

  @Override
  public final long oldestVersion() {
    return manager.origin().oldestVersion();
  }
}
