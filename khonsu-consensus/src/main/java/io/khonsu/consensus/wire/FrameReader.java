package io.khonsu.consensus.wire;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.LogSync;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Quorums;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.StopSign;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads one frame and believes nothing: no length is trusted beyond the bytes that are there, no
 * number so large that a sum of two could overflow.
 */
final class FrameReader {
  // The kinds of runs.
  static final int ONE_WIDTH = 0;
  static final int MANY_WIDTHS = 1;
  static final int STOP_SIGN = 2;

  private static final int HEADER_BYTES = 2;
  private static final long NUMBER_MAX = (1L << 62) - 1;

  private final ByteBuffer body;

  private FrameReader(ByteBuffer body) {
    this.body = body;
  }

  /** Opens a frame, all of whose remaining bytes are taken, after checking what encloses it. */
  static FrameReader open(ByteBuffer frame, int version, int kind) {
    int size = frame.remaining();
    if (size < HEADER_BYTES + Integer.BYTES) {
      throw new WireFormatException("a frame of " + size + " bytes is cut off");
    }
    ByteBuffer bytes = frame.slice();
    frame.position(frame.limit());
    int itsVersion = bytes.get();
    if (itsVersion != version) {
      throw new WireFormatException(
          "a frame has version " + itsVersion + ", but this release reads version " + version);
    }
    int itsKind = bytes.get();
    int checked = size - Integer.BYTES;
    CRC32C checksum = new CRC32C();
    checksum.update(bytes.duplicate().position(0).limit(checked));
    if (bytes.getInt(checked) != (int) checksum.getValue()) {
      throw new WireFormatException("a frame of " + size + " bytes has a wrong checksum");
    }
    if (itsKind != kind) {
      throw new WireFormatException("a frame is of kind " + itsKind + ", not of " + kind);
    }
    return new FrameReader(bytes.limit(checked));
  }

  /** Checks that nothing is left. */
  void end() {
    if (body.hasRemaining()) {
      throw new WireFormatException("a frame has " + body.remaining() + " bytes too many");
    }
  }

  int octet() {
    need(1);
    return body.get();
  }

  boolean flag() {
    int value = octet();
    if (value != 0 && value != 1) {
      throw new WireFormatException("a flag is " + value);
    }
    return value == 1;
  }

  long fixedLong() {
    need(Long.BYTES);
    return body.getLong();
  }

  long number() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = (byte) octet();
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        if (value < 0 || value > NUMBER_MAX) {
          throw new WireFormatException("a number is out of range: " + value);
        }
        return value;
      }
    }
    throw new WireFormatException("a number does not end");
  }

  int smallNumber() {
    long value = number();
    if (value > Integer.MAX_VALUE) {
      throw new WireFormatException("a small number is " + value);
    }
    return (int) value;
  }

  /** {@return a count of things that take a byte at least each} */
  private int count() {
    long count = number();
    need(count);
    return (int) count;
  }

  <T> @Nullable T optional(Function<FrameReader, T> read) {
    return flag() ? read.apply(this) : null;
  }

  <T> List<T> list(Function<FrameReader, T> read) {
    int count = count();
    List<T> values = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      values.add(read.apply(this));
    }
    return values;
  }

  Ballot ballot() {
    return new Ballot(number(), number(), priority(), number());
  }

  private int priority() {
    long value = number();
    if (value > 0xFFFF_FFFFL) {
      throw new WireFormatException("a priority is " + value);
    }
    return (int) value;
  }

  Member member() {
    return new Member(number(), number());
  }

  Configuration configuration() {
    return new Configuration(
        number(), list(FrameReader::member), new Quorums(smallNumber(), smallNumber()));
  }

  SnapshotId snapshot() {
    return new SnapshotId(number(), number());
  }

  StopSign stopSign() {
    return StopSign.decode(raw(count()));
  }

  Bytes bytes() {
    return Bytes.copyOf(raw(count()));
  }

  LogSync sync() {
    return new LogSync(optional(FrameReader::snapshot), number(), runs(), number());
  }

  List<Entries> runs() {
    return list(FrameReader::run);
  }

  Entries run() {
    int kind = octet();
    return switch (kind) {
      case ONE_WIDTH -> oneWidth();
      case MANY_WIDTHS -> manyWidths();
      case STOP_SIGN -> Entries.of(stopSign());
      default -> throw new WireFormatException("a run of entries is of kind " + kind);
    };
  }

  private Entries oneWidth() {
    int count = smallNumber();
    int width = smallNumber();
    if (count == 0) {
      return Entries.EMPTY;
    }
    // Entries without bytes would make a run of any length out of a few bytes.
    if (width == 0 && count != 1) {
      throw new WireFormatException("a run has " + count + " entries of no width");
    }
    need((long) count * width);
    ByteBuffer bytes = part(count * width);
    return count == 1 ? Entries.of(bytes) : Entries.fixedWidth(bytes, width);
  }

  private Entries manyWidths() {
    int[] sizes = new int[count()];
    long total = 0;
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = smallNumber();
      total += sizes[i];
    }
    need(total);
    return Entries.sideBySide(part((int) total), sizes);
  }

  /** {@return a part of the frame, which is not copied} */
  private ByteBuffer part(int length) {
    need(length);
    ByteBuffer part = body.slice(body.position(), length);
    body.position(body.position() + length);
    return part;
  }

  private byte[] raw(int length) {
    need(length);
    byte[] copy = new byte[length];
    body.get(copy);
    return copy;
  }

  private void need(long bytes) {
    if (bytes > body.remaining()) {
      throw new WireFormatException(
          "a frame ends " + (bytes - body.remaining()) + " bytes before what it announces");
    }
  }
}
