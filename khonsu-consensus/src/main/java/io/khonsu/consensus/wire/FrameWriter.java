package io.khonsu.consensus.wire;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.LogSync;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.StopSign;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes one frame; the counterpart of {@link FrameReader}. Long parts, as entries are, are copied
 * once, into the frame when it is made.
 */
final class FrameWriter {
  /** The largest array that every virtual machine can make. */
  private static final int SIZE_BYTES_MAX = Integer.MAX_VALUE - 8;

  private static final int NUMBER_BYTES_MAX = 10;

  /** What is longer is not copied here first. */
  private static final int SHORT_BYTES_MAX = 256;

  /** All but the long parts. */
  private byte[] bytes = new byte[128];

  private int size;
  private final List<Part> parts = new ArrayList<>(1);
  private long partsBytes;

  /** A long part, which comes after the first {@code at} of the other bytes. */
  private record Part(int at, ByteBuffer source) {}

  FrameWriter(int version, int kind) {
    octet(version);
    octet(kind);
  }

  /** {@return the frame, checksum and all} */
  byte[] frame() {
    return frame(0);
  }

  /** {@return the frame, checksum and all, behind so many bytes that are left to the caller} */
  byte[] frame(int headerBytes) {
    long total = headerBytes + size + partsBytes + Integer.BYTES;
    if (total > SIZE_BYTES_MAX) {
      throw tooLarge(total);
    }
    byte[] frame = new byte[(int) total];
    ByteBuffer out = ByteBuffer.wrap(frame).position(headerBytes);
    int from = 0;
    for (Part part : parts) {
      out.put(bytes, from, part.at - from).put(part.source);
      from = part.at;
    }
    out.put(bytes, from, size - from);
    CRC32C checksum = new CRC32C();
    checksum.update(frame, headerBytes, out.position() - headerBytes);
    out.putInt((int) checksum.getValue());
    return frame;
  }

  /** {@return the frame, checksum and all, in parts that lie one behind the other} */
  List<ByteBuffer> parts() {
    List<ByteBuffer> all = new ArrayList<>(2 * parts.size() + 2);
    int from = 0;
    for (Part part : parts) {
      all.add(ByteBuffer.wrap(bytes, from, part.at - from));
      all.add(part.source);
      from = part.at;
    }
    all.add(ByteBuffer.wrap(bytes, from, size - from));
    CRC32C checksum = new CRC32C();
    all.forEach(part -> checksum.update(part.duplicate()));
    all.add(ByteBuffer.allocate(Integer.BYTES).putInt((int) checksum.getValue()).flip());
    return all;
  }

  void octet(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
  }

  void flag(boolean value) {
    octet(value ? 1 : 0);
  }

  void fixedLong(long value) {
    reserve(Long.BYTES);
    ByteBuffer.wrap(bytes).putLong(size, value);
    size += Long.BYTES;
  }

  /** Writes a number that is not negative; if it is, as one that no reader takes. */
  void number(long value) {
    reserve(NUMBER_BYTES_MAX);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  <T> void optional(@Nullable T value, BiConsumer<FrameWriter, T> write) {
    flag(value != null);
    if (value != null) {
      write.accept(this, value);
    }
  }

  <T> void list(List<T> values, BiConsumer<FrameWriter, T> write) {
    number(values.size());
    for (T value : values) {
      write.accept(this, value);
    }
  }

  void ballot(Ballot ballot) {
    number(ballot.configuration());
    number(ballot.number());
    number(Integer.toUnsignedLong(ballot.priority()));
    number(ballot.node());
  }

  void member(Member member) {
    number(member.node());
    number(member.incarnation());
  }

  void configuration(Configuration configuration) {
    number(configuration.id());
    list(configuration.members(), FrameWriter::member);
    number(configuration.quorums().prepare());
    number(configuration.quorums().accept());
  }

  void snapshot(SnapshotId snapshot) {
    number(snapshot.index());
    number(snapshot.base());
  }

  void stopSign(StopSign stopSign) {
    byte[] encoded = stopSign.encode();
    number(encoded.length);
    raw(ByteBuffer.wrap(encoded));
  }

  void bytes(Bytes value) {
    number(value.size());
    raw(value.asBuffer());
  }

  void sync(LogSync sync) {
    optional(sync.snapshot(), FrameWriter::snapshot);
    number(sync.syncIndex());
    runs(sync.entries());
    number(sync.endIndex());
  }

  void runs(List<Entries> runs) {
    list(runs, FrameWriter::run);
  }

  void run(Entries run) {
    StopSign stopSign = run.stopSign();
    if (stopSign != null) {
      octet(FrameReader.STOP_SIGN);
      stopSign(stopSign);
      return;
    }
    boolean oneWidth = run.hasOneWidth();
    octet(oneWidth ? FrameReader.ONE_WIDTH : FrameReader.MANY_WIDTHS);
    number(run.count());
    if (oneWidth) {
      number(run.count() == 0 ? 0 : run.sizeBytes(0));
    } else {
      for (int i = 0; i < run.count(); i++) {
        number(run.sizeBytes(i));
      }
    }
    raw(run.buffer());
  }

  private void raw(ByteBuffer source) {
    int length = source.remaining();
    if (length > SHORT_BYTES_MAX) {
      parts.add(new Part(size, source));
      partsBytes += length;
      return;
    }
    reserve(length);
    source.get(bytes, size, length);
    size += length;
  }

  private void reserve(int more) {
    if (more <= bytes.length - size) {
      return;
    }
    long needed = (long) size + more;
    if (needed > SIZE_BYTES_MAX) {
      throw tooLarge(needed);
    }
    long doubled = Math.max(needed, 2L * bytes.length);
    bytes = Arrays.copyOf(bytes, (int) Math.min(doubled, SIZE_BYTES_MAX));
  }

  private static WireFormatException tooLarge(long sizeBytes) {
    return new WireFormatException("a frame cannot have " + sizeBytes + " bytes or more");
  }
}
