package io.khonsu.simulation;

import io.khonsu.consensus.Entries;
import io.khonsu.consensus.StopSign;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the entries of a run contain. Every entry has a number that determines all its bytes, so a
 * log is a sequence of numbers and a damaged entry is noticed wherever it appears. Numbers of
 * stop-signs are negative.
 */
final class Payload {
  private static final int SIZE_BITS = 16;

  private final SortedMap<Long, StopSign> stopSigns = new TreeMap<>();
  private long proposals;

  /** {@return the number of a new entry of {@code sizeBytes} bytes, at least eight} */
  long next(int sizeBytes) {
    if (sizeBytes < Long.BYTES || sizeBytes >= 1 << SIZE_BITS) {
      throw new IllegalArgumentException("sizeBytes must be 8 to 65535, but is " + sizeBytes);
    }
    return ++proposals << SIZE_BITS | sizeBytes;
  }

  /** {@return the number of a stop-sign; proposing it makes it known} */
  long idOf(StopSign stopSign) {
    long id = digest(stopSign) | Long.MIN_VALUE;
    stopSigns.putIfAbsent(id, stopSign);
    return id;
  }

  /** {@return whether an entry of this number was ever proposed} */
  boolean isProposed(long id) {
    return id < 0 ? stopSigns.containsKey(id) : id >>> SIZE_BITS <= proposals && id > 0;
  }

  /** {@return how many entries were proposed, stop-signs aside} */
  long proposals() {
    return proposals;
  }

  /** {@return which proposal an entry is, from 1} */
  static long sequence(long id) {
    return id >>> SIZE_BITS;
  }

  static boolean isStopSign(long id) {
    return id < 0;
  }

  /**
   * {@return the stop-sign of this number}
   *
   * @throws InvariantViolation if nobody proposed it
   */
  StopSign stopSign(long id) {
    StopSign stopSign = stopSigns.get(id);
    if (stopSign == null) {
      throw new InvariantViolation("SC1 validity", "stop-sign " + id + " was never proposed");
    }
    return stopSign;
  }

  static byte[] bytes(long id) {
    int size = (int) (id & ((1 << SIZE_BITS) - 1));
    byte[] bytes = new byte[size];
    ByteBuffer.wrap(bytes).putLong(id);
    for (int i = Long.BYTES; i < size; i++) {
      bytes[i] = (byte) (id >>> SIZE_BITS ^ i);
    }
    return bytes;
  }

  /** {@return one run of data entries} */
  static Entries entries(List<Long> ids) {
    return Entries.of(ids.stream().map(Payload::bytes).toList());
  }

  /** Appends the numbers of the entries of a run to {@code target}, and checks their bytes. */
  void read(Entries run, Chain target) {
    StopSign stopSign = run.stopSign();
    if (stopSign != null) {
      target.append(digest(stopSign) | Long.MIN_VALUE);
      return;
    }
    for (int i = 0; i < run.count(); i++) {
      target.append(id(run, i));
    }
  }

  private static long id(Entries run, int index) {
    ByteBuffer buffer = run.buffer(index);
    if (buffer.remaining() < Long.BYTES) {
      throw new InvariantViolation("SC1 validity", "an entry of " + buffer.remaining() + " bytes");
    }
    long id = buffer.getLong(0);
    int size = buffer.remaining();
    // The last byte tells slices apart that are cut wrongly; the rest follows from the same number.
    boolean damaged =
        (id & ((1 << SIZE_BITS) - 1)) != size
            || (size > Long.BYTES
                && buffer.get(size - 1) != (byte) (id >>> SIZE_BITS ^ (size - 1)));
    if (damaged) {
      throw new InvariantViolation("SC1 validity", "entry " + id + " is damaged");
    }
    return id;
  }

  /** {@return entries {@code from} to {@code to} of a log, run by run} */
  List<Entries> runs(Chain log, int from, int to) {
    List<Entries> runs = new ArrayList<>();
    List<Long> data = new ArrayList<>();
    for (int i = from; i < to; i++) {
      long id = log.entry(i);
      if (!isStopSign(id)) {
        data.add(id);
        continue;
      }
      if (!data.isEmpty()) {
        runs.add(entries(data));
        data.clear();
      }
      runs.add(Entries.of(stopSign(id)));
    }
    if (!data.isEmpty()) {
      runs.add(entries(data));
    }
    return runs;
  }

  private static long digest(StopSign stopSign) {
    long digest = 7;
    for (byte b : stopSign.encode()) {
      digest = TraceHash.mix(digest * 31 + b);
    }
    return digest;
  }
}
