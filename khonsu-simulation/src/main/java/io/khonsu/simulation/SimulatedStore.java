package io.khonsu.simulation;

import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The disk of one node. A forced write takes a while, during which its node does nothing; a crash
 * keeps what was forced by then, and of later writes the first few, as many as chance wants.
 */
final class SimulatedStore implements KeyValueStore {
  /** What is where: a map for each space. */
  private static final class Image {
    private final SortedMap<String, NavigableMap<byte[], byte[]>> spaces = new TreeMap<>();

    private NavigableMap<byte[], byte[]> space(String name) {
      return spaces.computeIfAbsent(name, _ -> new TreeMap<>(Arrays::compareUnsigned));
    }

    private void apply(KeyValueBatch batch) throws IOException {
      batch.forEach(
          new KeyValueBatch.Visitor() {
            @Override
            public void put(String space, byte[] key, byte[] value) {
              space(space).put(key.clone(), value.clone());
            }

            @Override
            public void delete(String space, byte[] key) {
              space(space).remove(key);
            }

            @Override
            public void deleteRange(String space, byte[] from, byte[] to) {
              if (Arrays.compareUnsigned(from, to) < 0) {
                space(space).subMap(from, to).clear();
              }
            }
          });
    }
  }

  /** Writes that a crash may undo, and when they are on the medium. */
  private record Pending(KeyValueBatch batch, long forcedAt) {}

  private static final long NEVER = Long.MAX_VALUE;

  private final Scheduler scheduler;
  private final SplittableRandom random;
  private final Image durable = new Image();
  private Image current = new Image();
  private final List<Pending> pending = new ArrayList<>();

  /** What goes from the medium, whatever of the writes is there by then. */
  private final ArrayDeque<Pending> reclaims = new ArrayDeque<>();

  private long maxDelay;
  private double failures;
  private long busyUntil;
  private boolean lies;
  private int writesToGo;
  private Runnable atWrite = () -> {};
  private long undone;
  private long failed;

  SimulatedStore(Scheduler scheduler, SplittableRandom random) {
    this.scheduler = scheduler;
    this.random = random;
  }

  /** Lets forced writes take up to so long, and fail with some probability. */
  void setFaults(long newMaxDelay, double newFailures) {
    maxDelay = newMaxDelay;
    failures = newFailures;
  }

  /** {@return until when the node waits for a write} */
  long busyUntil() {
    return Math.max(busyUntil, scheduler.now());
  }

  /** Lets something happen at the time of one of the next writes. */
  void afterWrites(int count, Runnable action) {
    writesToGo = count;
    atWrite = action;
  }

  /** Loses everything. */
  void clear() {
    durable.spaces.clear();
    current = new Image();
    pending.clear();
    reclaims.clear();
  }

  /** Says from now on that it has forced what it has not. */
  void lie() {
    lies = true;
  }

  /** {@return whether nothing is there} */
  boolean isEmpty() {
    return current.spaces.values().stream().allMatch(Map::isEmpty);
  }

  /** {@return how many writes were undone by crashes, or failed} */
  long faults() {
    return undone + failed;
  }

  /** Loses what chance does not leave of the writes that are not on the medium. */
  void crash() {
    settle();
    int surviving = pending.isEmpty() ? 0 : random.nextInt(pending.size() + 1);
    undone += pending.size() - surviving;
    for (Pending write : pending.subList(0, surviving)) {
      apply(durable, write.batch);
    }
    pending.clear();
    reclaims.clear(); // a crash comes before them
    busyUntil = 0;
    current = new Image();
    durable.spaces.forEach((name, content) -> current.space(name).putAll(content));
  }

  /** Moves to the medium what has been forced by now, and all before. */
  private void settle() {
    int done = 0;
    for (int i = 0; i < pending.size(); i++) {
      done = pending.get(i).forcedAt <= scheduler.now() ? i + 1 : done;
    }
    for (Pending write : pending.subList(0, done)) {
      apply(durable, write.batch);
    }
    pending.subList(0, done).clear();
    while (!reclaims.isEmpty() && reclaims.getFirst().forcedAt <= scheduler.now()) {
      apply(durable, reclaims.removeFirst().batch);
    }
  }

  private static void apply(Image image, KeyValueBatch batch) {
    try {
      image.apply(batch);
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail", e);
    }
  }

  @Override
  public void write(KeyValueBatch batch, Sync sync) throws IOException {
    settle();
    apply(current, batch);
    if (--writesToGo == 0) {
      scheduler.after(0, atWrite);
    }
    if (sync == Sync.WRITTEN) {
      pending.add(new Pending(batch, NEVER));
      return;
    }
    if (failures > 0 && random.nextDouble() < failures) {
      failed++;
      pending.add(new Pending(batch, NEVER)); // nobody knows
      throw new IOException("a simulated sync failed");
    }
    busyUntil = busyUntil() + (maxDelay == 0 ? 0 : random.nextLong(maxDelay + 1));
    pending.add(new Pending(batch, lies ? NEVER : busyUntil));
  }

  @Override
  public void flush() throws IOException {
    write(new KeyValueBatch(), Sync.SYNCED);
  }

  @Override
  public byte @Nullable [] get(String space, byte[] key) {
    byte[] value = current.space(space).get(key);
    return value == null ? null : value.clone();
  }

  @Override
  public byte @Nullable [] lastKey(String space) {
    NavigableMap<byte[], byte[]> content = current.space(space);
    return content.isEmpty() ? null : content.lastKey().clone();
  }

  @Override
  public Cursor cursor(String space, byte[] from, byte @Nullable [] to) {
    SortedMap<byte[], byte[]> part =
        to == null ? current.space(space).tailMap(from) : current.space(space).subMap(from, to);
    List<Map.Entry<byte[], byte[]>> pairs = new ArrayList<>();
    part.forEach((key, value) -> pairs.add(Map.entry(key, value)));
    return new ListCursor(pairs);
  }

  /** Walks over pairs that were copied. */
  private static final class ListCursor implements Cursor {
    private final List<Map.Entry<byte[], byte[]>> pairs;
    private int at = -1;

    private ListCursor(List<Map.Entry<byte[], byte[]>> pairs) {
      this.pairs = pairs;
    }

    @Override
    public boolean next() {
      return ++at < pairs.size();
    }

    @Override
    public byte[] key() {
      return pairs.get(at).getKey().clone();
    }

    @Override
    public byte[] value() {
      return pairs.get(at).getValue().clone();
    }

    @Override
    public void close() {}
  }

  /** All of it goes, from the medium as well as soon as what was forced before is there. */
  @Override
  public void reclaim(String space, byte[] from, byte[] to) {
    KeyValueBatch deletion = new KeyValueBatch().deleteRange(space, from, to);
    apply(current, deletion);
    reclaims.add(new Pending(deletion, busyUntil()));
    settle();
  }

  @Override
  @SuppressForbidden("the interface names a path; none is used")
  public void checkpoint(Path directory) {
    throw new UnsupportedOperationException("a simulated node makes no files");
  }

  @Override
  public long sizeBytes() {
    return 0;
  }

  /** The machine keeps its disk when a node ends. */
  @Override
  public void close() {}
}
