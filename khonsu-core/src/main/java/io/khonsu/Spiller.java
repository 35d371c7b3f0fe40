package io.khonsu;

import io.khonsu.durable.Scratch;
import io.khonsu.internal.arrow.FrozenBatch;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps large committed batches within a budget of memory: those that nobody has read for long are
 * on disk only, and come back when somebody does. Thread-safe.
 *
 * <p>Second chance without a mark that readers would have to set: a batch that has had its turn is
 * put out of sight first, where whoever looks for it finds it again; only one that nobody has
 * looked for by the time its memory is needed is let go. (As the cooling stage of LeanStore, ICDE
 * 2018, does it.)
 */
final class Spiller {
  /*
   * Where the bytes of a batch are:
   *
   *   HOT       HeldBatch.batch is set. Arrow memory at first; on the heap after it came back
   *   COOLING   HeldBatch.batch is null, Residence.cooling is set
   *   COLD      both are null, and its frame is in the scratch space under Residence.id
   *
   * What is in Arrow memory cools before it is cold. What came back to the heap is on disk already
   * and needs no grace, so it gets cold at once.
   *
   *   hot -> cooling     its turn has come, as memory is short
   *   cooling -> hot     somebody looked for it
   *   cooling -> cold    its frame is written, once in its life, and all who were inside a view
   *                      when it went out of sight have left (Grace); who holds a reference keeps
   *                      the Arrow memory for as long
   *   cold -> hot        read, checked, left on the heap, where the garbage collector keeps it for
   *                      who still reads it, and who asks for it meanwhile (Residence.lent); in
   *                      the place of older ones there, and not put into sight if there is no room
   *
   * Whoever commits makes the room for that, one thread at a time (`working`). Those who read never
   * write, nor wait for who does; the background makes room for what they bring back. Lock order: a
   * stripe of `loading`, `working`, `lock`; the last is held for moments only, and during no access
   * to the disk.
   */
  private static final Logger LOG = LoggerFactory.getLogger(Spiller.class);
  private static final long BATCH_LEAST_BYTES = Fragments.LONG_RUN_BYTES;
  private static final int BATCHES_LEAST = 16;

  /** Of the heap, so that many may read one each. */
  private static final int HEAP_PARTS = 256;

  private static final int COOLING_SHARE = 8;
  private static final int READERS_SHARE = 8;
  private static final int CANDIDATES_MAX = 256;
  private static final int BLOCKED_MAX = 64;
  private static final int STRIPES = 64;

  private static final long PAUSE_NANOS = 100_000;

  private final ColdFrames frames;
  private final OpenViews views;
  private final BufferAllocator versions;
  private final long budgetBytes;
  private final long heapBytesMax;

  private final ReentrantLock lock = new ReentrantLock();
  private final ReentrantLock working = new ReentrantLock();
  private final ReentrantLock[] loading = new ReentrantLock[STRIPES];

  /**
   * In Arrow memory, in the order in which they came into sight. Guarded by {@code lock}, as what
   * follows.
   */
  private final Set<HeldBatch> hot = new LinkedHashSet<>();

  /** Those in sight on the heap, in the order in which they came back. */
  private final Set<HeldBatch> onHeap = new LinkedHashSet<>();

  private final Set<HeldBatch> cooling = new LinkedHashSet<>();
  private long coolingBytes;
  private long coldBatches;
  private long coldBytes;
  private long broughtBack;

  /** What is in sight on the heap. Written under {@code lock}. */
  private final AtomicLong heapBytes = new AtomicLong();

  /** Whether there was no room for something that came back, but for older ones there. */
  private volatile boolean isShortForReads;

  private final RoomWaits waits = new RoomWaits();

  /** Whether the last write failed. */
  private volatile boolean failing;

  private volatile boolean closed;

  /**
   * Creates one.
   *
   * @param scratch borrowed: it writes there
   * @param heapBytesMax of the budget, what batches that came back may take of the heap
   */
  Spiller(
      Scratch scratch,
      OpenViews views,
      BufferAllocator versions,
      long budgetBytes,
      long heapBytesMax) {
    this.frames = new ColdFrames(scratch);
    this.views = views;
    this.versions = versions;
    this.budgetBytes = budgetBytes;
    this.heapBytesMax = heapBytesMax;
    Arrays.setAll(loading, _ -> new ReentrantLock());
  }

  /** {@return how large a batch should be at most: a small part of the budget, and of the heap} */
  long batchBytesMax() {
    long part =
        Math.min(budgetBytes / BATCHES_LEAST, Runtime.getRuntime().maxMemory() / HEAP_PARTS);
    return Math.clamp(part, BATCH_LEAST_BYTES, Fragments.STRETCH_BYTES_MAX);
  }

  /** Counts a new batch among those that may be spilled. */
  void add(HeldBatch batch) {
    lock.lock();
    try {
      hot.add(batch);
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of a batch whose last version was retired. */
  void remove(HeldBatch batch, Residence at) {
    FrozenBatch held;
    lock.lock();
    try {
      at.gone = true;
      held = batch.inSight() != null ? batch.inSight() : at.cooling;
      if (held == null) {
        coldBatches--;
        coldBytes -= at.sizeBytes;
      } else {
        hot.remove(batch);
        takeFromCooling(batch, at);
        takeFromHeap(batch, at);
        batch.putOutOfSight();
      }
      if (at.id != 0) {
        frames.forget(at.id);
      }
    } finally {
      lock.unlock();
    }
    if (held != null) {
      held.close();
    }
  }

  /**
   * {@return the bytes of a batch that is not in sight}
   *
   * @throws StorageException if they cannot be read back; what else there is can be read
   */
  FrozenBatch bringBack(HeldBatch batch, Residence at) {
    FrozenBatch found = look(batch, at);
    if (found != null) {
      return found;
    }
    ReentrantLock stripe = loading[System.identityHashCode(batch) & (STRIPES - 1)];
    stripe.lock();
    try {
      FrozenBatch loaded = look(batch, at);
      if (loaded != null) {
        return loaded;
      }
      FrozenBatch read = read(at);
      noteRead(batch, at, read);
      return read;
    } finally {
      stripe.unlock();
    }
  }

  /** {@return a batch that is in memory, in sight again if it was cooling; null if it is cold} */
  private @Nullable FrozenBatch look(HeldBatch batch, Residence at) {
    lock.lock();
    try {
      if (at.gone) {
        throw new IllegalStateException("the batch was released");
      }
      FrozenBatch cooled = at.cooling;
      if (cooled != null) {
        takeFromCooling(batch, at);
        batch.putInSight(cooled);
        hot.add(batch);
      }
      FrozenBatch lent = at.lent == null ? null : at.lent.get();
      if (batch.inSight() == null && lent != null) {
        admit(batch, at, lent);
        return lent;
      }
      return batch.inSight();
    } finally {
      lock.unlock();
    }
  }

  private FrozenBatch read(Residence at) {
    try {
      if (!closed) {
        return frames.read(at);
      }
    } catch (IllegalStateException e) {
      if (!closed) {
        throw e;
      }
    }
    throw new StoreClosedException();
  }

  private void noteRead(HeldBatch batch, Residence at, FrozenBatch read) {
    lock.lock();
    try {
      broughtBack++;
      at.lent = new WeakReference<>(read);
      admit(batch, at, read);
    } finally {
      lock.unlock();
    }
  }

  /** Puts a batch into sight if there is room, or is when older ones have left the heap. */
  private void admit(HeldBatch batch, Residence at, FrozenBatch read) {
    if (!at.gone && makeRoomOnHeap(at.sizeBytes)) {
      batch.putInSight(read);
      onHeap.add(batch);
      heapBytes.addAndGet(at.sizeBytes);
      coldBatches--;
      coldBytes -= at.sizeBytes;
    }
  }

  private boolean makeRoomOnHeap(long sizeBytes) {
    if (sizeBytes > heapBytesMax) {
      return false; // not even alone
    }
    isShortForReads |= !isRoomFor(sizeBytes);
    if (versions.getAllocatedMemory() + sizeBytes > budgetBytes) {
      return false; // not with all of the heap
    }
    while (heapBytes.get() + sizeBytes > heapBytesMax || !isRoomFor(sizeBytes)) {
      if (!dropEldestOnHeap()) {
        return false;
      }
    }
    return true;
  }

  /** Puts a batch on the heap out of sight, which the garbage collector may take then. */
  private boolean dropEldestOnHeap() {
    Iterator<HeldBatch> eldest = onHeap.iterator();
    if (!eldest.hasNext()) {
      return false;
    }
    HeldBatch batch = eldest.next();
    Residence at = batch.requireResidence();
    takeFromHeap(batch, at);
    batch.putOutOfSight();
    coldBatches++;
    coldBytes += at.sizeBytes;
    return true;
  }

  private void takeFromHeap(HeldBatch batch, Residence at) {
    if (onHeap.remove(batch)) {
      heapBytes.addAndGet(-at.sizeBytes);
    }
  }

  private long residentBytes() {
    return versions.getAllocatedMemory() + heapBytes.get();
  }

  /** {@return whether a batch fits into the budget beside those that are in memory} */
  boolean isRoomFor(long sizeBytes) {
    return residentBytes() + sizeBytes <= budgetBytes;
  }

  /**
   * Makes room for a batch, if others can leave memory now.
   *
   * @param leaving done before a second look: tells that the caller, if inside a view, uses no
   *     batch
   * @return whether there is room
   */
  boolean makeRoomNow(long sizeBytes, Runnable leaving) {
    long wanted = Math.min(sizeBytes, budgetBytes / 2);
    if (shrinkArrow(wanted)) {
      return true;
    }
    leaving.run(); // it may be only this thread that was in the way
    return shrinkArrow(wanted) || shrinkHeap(wanted);
  }

  /**
   * Makes room for a batch, waiting for others that are about to, and a little for readers to let
   * go: not for long, unless half of what there is beyond the budget is taken. It is no error if
   * there is none, as the limit of the memory is elsewhere.
   *
   * @param leaving as there, before each look but the first
   */
  void makeRoom(long sizeBytes, Runnable leaving) {
    RoomWaits.Wait wait = waits.new Wait();
    while (!makeRoomNow(sizeBytes, leaving)) {
      if (!canShrink() || !wait.mayGoOn(isScarce(sizeBytes))) {
        return;
      }
      LockSupport.parkNanos(this, PAUSE_NANOS);
    }
  }

  /** {@return whether a batch would take more than half of the memory beyond the budget} */
  private boolean isScarce(long sizeBytes) {
    long headroom = versions.getHeadroom();
    long beyond = versions.getAllocatedMemory() + headroom - budgetBytes;
    return headroom < sizeBytes + beyond / 2;
  }

  private boolean canShrink() {
    lock.lock();
    try {
      return !isClosing() && !failing && !(hot.isEmpty() && cooling.isEmpty());
    } finally {
      lock.unlock();
    }
  }

  private boolean isClosing() {
    return closed || views.isClosed();
  }

  /** Does what is due: for the one who comes by from time to time. */
  void tend() {
    boolean isShort = isShortForReads;
    isShortForReads = false;
    boolean fits = shrinkArrow(isShort ? budgetBytes / READERS_SHARE : 0);
    if (!fits && !isShort) {
      var _ = shrinkHeap(0);
    }
    if (!closed && working.tryLock()) {
      try {
        frames.tend();
      } finally {
        working.unlock();
      }
    }
  }

  /** Lets go of what is on the heap until there is room; {@return whether there is} */
  private boolean shrinkHeap(long sizeBytes) {
    lock.lock();
    try {
      boolean isLeft = true;
      while (isLeft && !isRoomFor(sizeBytes)) {
        isLeft = dropEldestOnHeap();
      }
      return isRoomFor(sizeBytes);
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of what has cooled until there is room; {@return whether there is} */
  private boolean shrinkArrow(long sizeBytes) {
    if (isRoomFor(sizeBytes)) {
      return true;
    }
    if (!working.tryLock()) {
      return false;
    }
    try {
      long before = Long.MAX_VALUE;
      while (residentBytes() < before && !isRoomFor(sizeBytes)) {
        before = residentBytes();
        letGoOf(cool(sizeBytes), sizeBytes);
      }
      return isRoomFor(sizeBytes);
    } catch (IOException e) {
      if (!failing) {
        LOG.atWarn().setCause(e).log("cold batches cannot be written, they stay in memory");
      }
      failing = true;
      return false;
    } finally {
      working.unlock();
    }
  }

  private void letGoOf(List<HeldBatch> cooled, long sizeBytes) throws IOException {
    int blocked = 0;
    Iterator<HeldBatch> next = cooled.iterator();
    while (!isClosing() && next.hasNext() && blocked < BLOCKED_MAX && !isRoomFor(sizeBytes)) {
      blocked += letGo(next.next()) ? 0 : 1;
    }
  }

  /** Puts as much out of sight as is needed; {@return the first of what is} */
  private List<HeldBatch> cool(long sizeBytes) {
    lock.lock();
    try {
      long excess = residentBytes() + sizeBytes - budgetBytes;
      List<Residence> cooled = new ArrayList<>();
      Iterator<HeldBatch> next = hot.iterator();
      while (next.hasNext() && coolingBytes < excess + budgetBytes / COOLING_SHARE) {
        HeldBatch batch = next.next();
        next.remove();
        Residence at = batch.requireResidence();
        at.cooling = batch.inSight();
        batch.putOutOfSight();
        cooling.add(batch);
        coolingBytes += at.sizeBytes;
        cooled.add(at);
      }
      if (!cooled.isEmpty()) {
        Grace grace = views.grace(); // after all of them are out of sight
        cooled.forEach(at -> at.grace = grace);
      }
      return cooling.stream().limit(CANDIDATES_MAX).toList();
    } finally {
      lock.unlock();
    }
  }

  /** Frees the memory of a batch; {@return false if somebody may still be using it} */
  private boolean letGo(HeldBatch batch) throws IOException {
    Residence at = batch.requireResidence();
    FrozenBatch cooled;
    long id;
    lock.lock();
    try {
      cooled = at.cooling;
      if (cooled == null) {
        return true; // somebody looked for it, or it has gone
      }
      if (at.grace != null && !at.grace.isOver()) {
        return false;
      }
      id = at.id;
      if (id != 0) {
        makeCold(batch, at);
      } else if (!cooled.tryRetain()) {
        throw new AssertionError("broken invariant: what cools is in memory");
      }
    } finally {
      lock.unlock();
    }
    if (id == 0) {
      writeOut(batch, at, cooled);
    } else {
      cooled.close();
    }
    return true;
  }

  /** Writes a batch that this holds a reference to, and lets go of it. */
  private void writeOut(HeldBatch batch, Residence at, FrozenBatch cooled) throws IOException {
    long id = 0;
    boolean isCold = false;
    waits.writing(true);
    try {
      id = frames.write(cooled);
      failing = false;
      isCold = written(batch, at, id);
    } finally {
      waits.writing(false);
      cooled.close();
      if (id == 0) {
        putLast(batch);
      }
    }
    if (isCold) {
      cooled.close();
    }
  }

  /** The next attempt begins with others: it may be this one alone that cannot be written. */
  private void putLast(HeldBatch batch) {
    lock.lock();
    try {
      if (cooling.remove(batch)) {
        cooling.add(batch);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a frame is on disk; {@return whether the batch was not looked for meanwhile} */
  private boolean written(HeldBatch batch, Residence at, long id) {
    lock.lock();
    try {
      if (at.gone) {
        frames.forget(id);
        return false;
      }
      at.id = id;
      boolean isCold = at.cooling != null;
      if (isCold) {
        makeCold(batch, at);
      }
      return isCold;
    } finally {
      lock.unlock();
    }
  }

  private void makeCold(HeldBatch batch, Residence at) {
    takeFromCooling(batch, at);
    waits.batchLeft();
    coldBatches++;
    coldBytes += at.sizeBytes;
  }

  private void takeFromCooling(HeldBatch batch, Residence at) {
    if (cooling.remove(batch)) {
      coolingBytes -= at.sizeBytes;
      at.cooling = null;
      at.grace = null;
    }
  }

  /** {@return what it has done and holds} */
  StoreStatistics.Spilling statistics() {
    lock.lock();
    try {
      return new StoreStatistics.Spilling(
          budgetBytes, residentBytes(), coldBatches, coldBytes, frames.writtenBytes(), broughtBack);
    } finally {
      lock.unlock();
    }
  }

  /** Lets nothing be written or brought back any more. */
  void close() {
    working.lock();
    try {
      closed = true;
    } finally {
      working.unlock();
    }
  }
}
