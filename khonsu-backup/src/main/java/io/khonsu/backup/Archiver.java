package io.khonsu.backup;

import io.khonsu.Khonsu;
import io.khonsu.durable.DurableStorage;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Archives the commits of a running store, or of a replica, on a thread of its own: commits never
 * wait for it. A store's log keeps what is not yet archived, as far as its limit for held logs
 * allows; a replica keeps it as long as it can be archived from there. Close it before the store.
 * Thread-safe.
 *
 * <p>If the archive cannot be written it tries again, less and less often, and {@link #status} says
 * why. If the archive is that of another history it stops, and must be started again.
 */
public final class Archiver implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Archiver.class);

  /** Under which the log knows who holds it back. */
  static final String HOLD = "archive";

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration FIRST_RETRY = Duration.ofMillis(200);

  /** A segment takes a second or so to write: what takes so long may hang. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  /** How many segments closing archives yet: all there is, if the archiver has kept up. */
  private static final int CLOSING_SEGMENTS_MAX = 8;

  private final ArchiverSource source;
  private final ArchiveStore archive;
  private final ArchiverOptions options;
  private final SegmentLimits limits;
  private final InstantSource clock;
  private final Thread thread;
  private final StepWatch watch;

  /** Lets one base be taken at a time. */
  private final Object taking = new Object();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Of the thread alone; null until the archive could be read. */
  private @Nullable LogArchiver archiver;

  /** What is archived into, once that is known. */
  private volatile @Nullable Timeline archivedTimeline;

  private long flushedNanos;

  /** Guarded by the lock, as all below. */
  private long wantedVersion;

  private boolean closing;
  private boolean ended;
  private int failures;
  private @Nullable IOException failure;
  private long archivedVersion;
  private long gaps;

  /** When all had been archived that there was, as far as is known; at first, when it started. */
  private Instant idleUntil;

  private Archiver(
      ArchiverSource source,
      ArchiveStore archive,
      ArchiverOptions options,
      SegmentLimits limits,
      InstantSource clock) {
    this.source = source;
    this.archive = archive;
    this.options = options;
    this.limits = limits;
    this.clock = clock;
    this.idleUntil = clock.instant();
    this.flushedNanos = System.nanoTime() - options.archiveTimeout().toNanos();
    this.watch = new StepWatch("khonsu-archiver-watch", PATIENCE, this::warnOfSlowStep);
    this.thread = Thread.ofPlatform().daemon().name("khonsu-archiver").unstarted(this::run);
  }

  /**
   * Begins to archive a store, or goes on.
   *
   * @param db a store opened by its path
   * @param archive borrowed; made an archive of this store if it is none yet
   * @throws ForeignArchiveException if it is the archive of another store
   * @throws IllegalArgumentException if the store is in memory
   */
  public static Archiver start(Khonsu db, ArchiveStore archive, ArchiverOptions options)
      throws IOException {
    DurableStorage storage =
        db.storage()
            .filter(DurableStorage.class::isInstance)
            .map(DurableStorage.class::cast)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "a store in memory has no log to archive: open one by its path"));
    return start(storage, archive, options);
  }

  /** Begins to archive the store that a storage is of, as {@link #start} does. */
  public static Archiver start(
      DurableStorage storage, ArchiveStore archive, ArchiverOptions options) throws IOException {
    return start(storage, archive, options, SegmentLimits.STANDARD, InstantSource.system());
  }

  static Archiver start(
      DurableStorage storage,
      ArchiveStore archive,
      ArchiverOptions options,
      SegmentLimits limits,
      InstantSource clock)
      throws IOException {
    return start(
        new StoreSource(storage, archive, clock.instant()), archive, options, limits, clock);
  }

  /**
   * Begins to archive what a replica has applied, or goes on. Whichever replica does so, the
   * segments are the same, byte for byte; several may share an archive, or each have its own.
   *
   * <p>An archive that cannot be read or written is no reason not to start: it is tried again, as
   * later. That it is one of another history may be found out only then, too, which {@link #status}
   * tells.
   *
   * @param history of the replica, to be closed after this
   * @param archive borrowed; made an archive of this history if it is none yet
   */
  public static Archiver start(
      ReplicatedHistory history, ArchiveStore archive, ArchiverOptions options) {
    return start(history, archive, options, SegmentLimits.STANDARD, InstantSource.system());
  }

  static Archiver start(
      ReplicatedHistory history,
      ArchiveStore archive,
      ArchiverOptions options,
      SegmentLimits limits,
      InstantSource clock) {
    return start(new ReplicaSource(history), archive, options, limits, clock);
  }

  private static Archiver start(
      ArchiverSource source,
      ArchiveStore archive,
      ArchiverOptions options,
      SegmentLimits limits,
      InstantSource clock) {
    Archiver started = new Archiver(source, archive, options, limits, clock);
    started.thread.start();
    return started;
  }

  /** {@return how it is} */
  public ArchiverStatus status() {
    lock.lock();
    try {
      ArchiverStatus.State state =
          ended
              ? (closing ? ArchiverStatus.State.CLOSED : ArchiverStatus.State.STOPPED)
              : failure == null ? ArchiverStatus.State.RUNNING : ArchiverStatus.State.RETRYING;
      long committed = source.commits().lastVersion();
      ArchiverStatus.Counts counts =
          new ArchiverStatus.Counts(
              archivedVersion,
              committed,
              lag(committed),
              watch.underWay(),
              gaps,
              source.hasLetGo(),
              failures);
      return new ArchiverStatus(state, counts, failure);
    } finally {
      lock.unlock();
    }
  }

  /** {@return for how long the oldest commit that is not archived has waited, at most} */
  private Duration lag(long committed) {
    if (committed <= archivedVersion) {
      return Duration.ZERO;
    }
    Instant archived = Khonsu.instantOf(archivedVersion);
    Instant since = archived.isAfter(idleUntil) ? archived : idleUntil;
    Duration lag = Duration.between(since, clock.instant());
    return lag.isNegative() ? Duration.ZERO : lag;
  }

  /**
   * Returns when all commits up to a version are archived. Does not wait for the timeout of the
   * archive.
   *
   * @param version of a commit that has returned; a replica may have to apply it yet
   * @throws IOException what stopped this archiver, or if it was closed
   * @throws TimeoutException if that takes longer
   * @throws InterruptedException if this thread was interrupted
   */
  public void awaitArchived(long version, Duration timeout)
      throws IOException, TimeoutException, InterruptedException {
    long left = timeout.toNanos();
    lock.lockInterruptibly();
    try {
      wantedVersion = Math.max(wantedVersion, version);
      changed.signalAll();
      while (archivedVersion < version) {
        if (ended) {
          throw new IOException("the archiver has ended before version " + version, failure);
        }
        if (left <= 0) {
          throw new TimeoutException(
              "version %d was not archived within %s: %s"
                  .formatted(version, timeout, failure == null ? "the archive is slow" : failure));
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Names the newest commit, and returns when it is archived.
   *
   * @param name as {@link RestorePoint#name} says
   * @throws IllegalArgumentException if the name is none, or is taken
   * @throws IllegalStateException if a replica has no commit yet
   */
  public RestorePoint createRestorePoint(String name, Duration timeout)
      throws IOException, TimeoutException, InterruptedException {
    RestorePoint.checkName(name);
    long version = source.commits().lastVersion();
    awaitArchived(version, timeout);
    Timeline known = archivedTimeline;
    Timeline timeline = known != null ? known : source.timeline(archive, clock.instant());
    if (timeline == null) {
      throw new IllegalStateException("nothing was committed yet that could be named");
    }
    return Backups.open(archive, clock).createRestorePoint(name, timeline.number(), version);
  }

  /**
   * Takes a base backup while the store goes on. Files that are in the archive already are not
   * copied again.
   *
   * @param label what to call it, at most {@value BaseBackup#LABEL_LENGTH_MAX} printable characters
   * @return the base; the same as before if there was one of this version
   * @throws UnsupportedOperationException of a replica: {@link Backups#createBase} makes a base of
   *     what it has archived
   */
  public BaseBackup createBase(String label, BackupProgress progress) throws IOException {
    synchronized (taking) {
      return source.createBase(archive, clock, label, progress);
    }
  }

  private void run() {
    try {
      int closingSteps = 0;
      while (true) {
        boolean last = isClosing();
        boolean more = false;
        watch.begin();
        try {
          more = step(last);
          note(null);
        } catch (IOException e) {
          note(e);
          if (e instanceof ForeignArchiveException) {
            letGo(false);
          }
          if (e instanceof BackupException) {
            LOG.atError().setCause(e).log("the archiver has stopped");
            return;
          }
          if (e instanceof LogArchiver.OutOfReachException out) {
            letGo(out.isEmpty());
          }
          LOG.atWarn().setCause(e).log("the archive cannot be written, trying again");
        } finally {
          watch.end();
        }
        closingSteps += last ? 1 : 0;
        if (last && (!more || closingSteps == CLOSING_SEGMENTS_MAX)) {
          return;
        }
        if (!more) {
          rest();
        }
      }
    } catch (RuntimeException | Error e) { // the top of a thread
      LOG.atError().setCause(e).log("the archiver has stopped");
      note(new IOException("the archiver failed: " + e, e));
    } finally {
      watch.close();
      end();
    }
  }

  /** Archives a segment, or what there is; {@return whether there is more} */
  private boolean step(boolean flushes) throws IOException {
    LogArchiver current = archiver;
    if (current == null) {
      Timeline timeline = source.timeline(archive, clock.instant());
      if (timeline == null) {
        return false;
      }
      current = new LogArchiver(archive, timeline, source.commits(), limits);
      archiver = current;
      archivedTimeline = timeline;
    }
    boolean isDue = System.nanoTime() - flushedNanos >= options.archiveTimeout().toNanos();
    boolean flushesRest = flushes || isDue || isWanted(current);
    if (flushesRest) {
      source.sync();
    }
    boolean more = current.advance();
    if (flushesRest && !more) {
      current.flush();
      flushedNanos = System.nanoTime();
    }
    source.confirm(current.completeVersion());
    return more;
  }

  /** What cannot be archived from here must not fill the disk. */
  private void letGo(boolean isEmpty) {
    try {
      source.letGo(isEmpty);
    } catch (IOException | RuntimeException e) { // as of a history that was closed before this
      LOG.atWarn().setCause(e).log("commits that cannot be archived are still kept");
    }
  }

  private void warnOfSlowStep(Duration taken) {
    LOG.atWarn()
        .addKeyValue("archive", archive)
        .addKeyValue("seconds", taken.toSeconds())
        .log("the archive does not answer: does its file system hang?");
  }

  private boolean isWanted(LogArchiver current) {
    lock.lock();
    try {
      return wantedVersion > current.archivedVersion();
    } finally {
      lock.unlock();
    }
  }

  private boolean isClosing() {
    lock.lock();
    try {
      return closing;
    } finally {
      lock.unlock();
    }
  }

  private void note(@Nullable IOException cause) {
    LogArchiver current = archiver;
    lock.lock();
    try {
      failure = cause;
      failures = cause == null ? 0 : failures + 1;
      if (current != null) {
        long archived = current.archivedVersion();
        if (source.commits().lastVersion() <= archived) {
          idleUntil = clock.instant();
        } else if (archivedVersion == 0 && archived > 0) {
          idleUntil = Instant.EPOCH; // it was behind when it started, as is known only now
        }
        archivedVersion = archived;
        gaps = current.gaps();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the next turn: a short time, or after failures longer and longer. */
  private void rest() {
    lock.lock();
    try {
      long reachable = Math.min(wantedVersion, source.commits().lastVersion());
      boolean wanted = failures == 0 && reachable > archivedVersion;
      long left =
          failures == 0
              ? Math.min(POLL.toNanos(), options.archiveTimeout().toNanos())
              : retryDelay().toNanos();
      long seen = wantedVersion;
      while (left > 0 && !closing && !wanted) {
        left = changed.awaitNanos(left);
        wanted = failures == 0 && wantedVersion > seen;
      }
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts this thread", e);
    } finally {
      lock.unlock();
    }
  }

  private Duration retryDelay() {
    Duration delay = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, 20));
    return delay.compareTo(options.retryDelayMax()) < 0 ? delay : options.retryDelayMax();
  }

  /**
   * Archives what was committed until now, if the archive can be written and that is not more than
   * some segments, and ends. What is not archived stays in the log for the next archiver. If the
   * archive hangs, this waits for it. Closing twice does nothing.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
