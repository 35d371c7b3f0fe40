package io.khonsu.backup;

import io.khonsu.backup.SegmentFormat.Header;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;

/** A segment being filled. Not thread-safe. */
final class SegmentBuilder {
  private final Header header;
  private final SegmentLimits limits;
  private final Body body = new Body();
  private final MessageDigest digest = Sha256.digest();
  private long count;
  private long first;
  private long last;

  SegmentBuilder(Header header, SegmentLimits limits) {
    this.header = header;
    this.limits = limits;
    this.last = header.after();
    append(header.bytes());
  }

  /** Adds a transaction; {@code payload} is borrowed. */
  void add(long version, ByteBuffer payload) {
    if (version <= last || isComplete()) {
      throw new IllegalStateException("version %d does not fit after %d".formatted(version, last));
    }
    ByteBuffer frame =
        ByteBuffer.allocate(SegmentFormat.FRAME_HEADER_BYTES)
            .putInt(payload.remaining())
            .putInt(SegmentFormat.crc(version, payload))
            .putLong(version);
    append(frame.array());
    byte[] bytes = new byte[payload.remaining()];
    payload.duplicate().get(bytes);
    append(bytes);
    first = count == 0 ? version : first;
    last = version;
    count++;
  }

  long number() {
    return header.number();
  }

  Sha256 previous() {
    return header.previous();
  }

  /** {@return the version of the last transaction in it, or of the one before it} */
  long last() {
    return last;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** {@return whether the next transaction begins a new segment} */
  boolean isComplete() {
    return count >= limits.transactions() || body.size() >= limits.bytes();
  }

  /** {@return the segment as it is so far; there is a transaction in it} */
  Sealed seal() {
    if (isEmpty()) {
      throw new IllegalStateException("an empty segment is not written");
    }
    ByteBuffer footer =
        ByteBuffer.allocate(4 + SegmentFormat.FOOTER_BYTES)
            .putInt(SegmentFormat.END_OF_FRAMES)
            .putLong(count)
            .putLong(first)
            .putLong(last);
    MessageDigest hash;
    try {
      hash = (MessageDigest) digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError("the JDK's SHA-256 can be cloned", e);
    }
    hash.update(footer.array());
    SegmentName.State state = isComplete() ? SegmentName.State.COMPLETE : SegmentName.State.PARTIAL;
    SegmentName name = new SegmentName(header.number(), header.after(), last, state);
    String object = Layout.log(header.timeline()) + name;
    return new Sealed(object, name, body, footer.array(), Sha256.of(hash.digest()));
  }

  private void append(byte[] bytes) {
    body.writeBytes(bytes);
    digest.update(bytes);
  }

  /** The bytes up to the end of the frames. */
  private static final class Body extends ByteArrayOutputStream {
    private Body() {
      super(1 << 16);
    }

    /** {@return whether {@code length} bytes from here on are the first ones of others} */
    private boolean isAt(int from, byte[] others, int length) {
      return Arrays.equals(buf, from, from + length, others, 0, length);
    }
  }

  /** A segment that can be written. It is to be written before the builder goes on. */
  static final class Sealed implements ArchiveStore.Content {
    private final String object;
    private final SegmentName name;
    private final Body body;
    private final byte[] footer;
    private final Sha256 hash;

    private Sealed(String object, SegmentName name, Body body, byte[] footer, Sha256 hash) {
      this.object = object;
      this.name = name;
      this.body = body;
      this.footer = footer;
      this.hash = hash;
    }

    String object() {
      return object;
    }

    SegmentName name() {
      return name;
    }

    Sha256 hash() {
      return hash;
    }

    /**
     * {@return whether another segment of this number has the same transactions, as far as both go}
     *
     * @param other its bytes
     * @param otherBytes how many these are
     */
    boolean agreesWith(InputStream other, long otherBytes) throws IOException {
      long trailer = (long) footer.length + Sha256.BYTES;
      int common = Math.clamp(otherBytes - trailer, 0, body.size());
      byte[] chunk = new byte[1 << 16];
      for (int at = 0; at < common; ) {
        int length = other.readNBytes(chunk, 0, Math.min(chunk.length, common - at));
        if (length == 0 || !body.isAt(at, chunk, length)) {
          return false;
        }
        at += length;
      }
      return true;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      body.writeTo(out);
      out.write(footer);
      out.write(hash.bytes());
    }
  }
}
