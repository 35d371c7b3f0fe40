package io.khonsu.spi;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Key-value stores on the heap, kept as long as the engine lives: each directory is a name only.
 * Shows the contract, and, for tests, what a disk does at its worst: {@link #crash} forgets what
 * was not synced, {@link #fail} lets calls fail. Thread-safe.
 */
public final class InMemoryKeyValueEngine implements KeyValueEngine {
  private final Map<Path, InMemoryPairs> disks = new HashMap<>();
  private final Map<Path, InMemoryKeyValueStore> open = new HashMap<>();
  private Fault fault = Fault.NONE;
  private OptionalLong failing = OptionalLong.empty();
  private long calls;

  /** What becomes of a call. */
  public enum Fault {
    /** It does what it should. */
    NONE,
    /** It fails and has done nothing. */
    UNDONE,
    /** It fails, though it has done what it should. */
    DONE,
    /** It and all calls after it fail, and do nothing. */
    BROKEN
  }

  /** Creates an engine without stores. */
  public InMemoryKeyValueEngine() {}

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public synchronized KeyValueStore open(Path directory, Options options) throws IOException {
    boolean succeeds = begin();
    boolean isNew = options.presence() == Presence.NEW;
    InMemoryPairs found = disks.get(directory);
    if (open.containsKey(directory)) {
      throw new StorageRefusedException(
          StorageRefusedException.Reason.IN_USE, directory + " is open: close it there first");
    }
    if (isNew == (found != null)) {
      throw new IOException("%s %s".formatted(directory, isNew ? "exists" : "does not exist"));
    }
    InMemoryPairs disk =
        found == null ? new InMemoryPairs(options.spaces(), options.use() == Use.SCRATCH) : found;
    disk.checkSpaces(options.spaces());
    disks.put(directory, disk);
    end(succeeds);
    InMemoryKeyValueStore store =
        new InMemoryKeyValueStore(this, directory, disk, options.presence());
    open.put(directory, store);
    return store;
  }

  /**
   * Forgets what was not synced, in all stores, as a power failure would; what is open is closed.
   *
   * @param keptWrites how many of the writes that were not synced are kept in each store, oldest
   *     first
   */
  public synchronized void crash(int keptWrites) {
    List.copyOf(open.values()).forEach(InMemoryKeyValueStore::invalidate);
    open.clear();
    disks.values().forEach(disk -> disk.crash(keptWrites));
  }

  /**
   * Lets a later call of any store, or of {@link #open}, fail, instead of what was said before.
   *
   * @param call the number of the call, 1 for the next
   */
  public synchronized void fail(long call, Fault how) {
    fault = how;
    failing = OptionalLong.of(calls + call);
  }

  /** {@return how many calls there have been that could fail} */
  public synchronized long calls() {
    return calls;
  }

  /** {@return how many stores are open} */
  public synchronized int openStores() {
    return open.size();
  }

  /** {@return whether the call that begins now will have an effect and not fail} */
  synchronized boolean begin() throws IOException {
    calls++;
    if (failing.isEmpty() || calls < failing.getAsLong()) {
      return true;
    }
    boolean hitsThis = calls == failing.getAsLong();
    if ((fault == Fault.UNDONE && hitsThis) || fault == Fault.BROKEN) {
      throw new IOException("planned failure of call " + calls);
    }
    return fault != Fault.DONE || !hitsThis;
  }

  void end(boolean succeeds) throws IOException {
    if (!succeeds) {
      throw new IOException("planned failure after a call");
    }
  }

  synchronized void copy(InMemoryPairs source, Path target) throws IOException {
    if (disks.putIfAbsent(target, source.synced()) != null) {
      throw new IOException(target + " exists");
    }
  }

  synchronized void closed(Path directory) {
    open.remove(directory);
  }
}
