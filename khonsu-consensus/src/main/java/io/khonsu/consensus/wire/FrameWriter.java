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
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Writes one frame; the counterpart of {@link FrameReader}. */
final class FrameWriter {
  /** The largest array that every virtual machine can make. */
  private static final int SIZE_BYTES_MAX = Integer.MAX_VALUE - 8;

  private static final int NUMBER_BYTES_MAX = 10;

  /** Room for what mostly follows a run of entries, so that these are not copied to make it. */
  private static final int SPARE_BYTES = 64;

  private byte[] bytes = new byte[128];
  private int size;

  FrameWriter(int version, int kind) {
    octet(version);
    octet(kind);
  }

  /** {@return the frame, checksum and all} */
  byte[] frame() {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, size);
    fixedInt((int) checksum.getValue());
    return Arrays.copyOf(bytes, size);
  }

  void octet(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
  }

  void flag(boolean value) {
    octet(value ? 1 : 0);
  }

  void fixedInt(int value) {
    reserve(Integer.BYTES);
    ByteBuffer.wrap(bytes).putInt(size, value);
    size += Integer.BYTES;
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
      throw new WireFormatException("a frame cannot have " + needed + " bytes or more");
    }
    long doubled = Math.max(needed + SPARE_BYTES, 2L * bytes.length);
    bytes = Arrays.copyOf(bytes, (int) Math.min(doubled, SIZE_BYTES_MAX));
  }
}
