package io.khonsu.backup;

import io.khonsu.backup.SegmentFormat.Header;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.DigestInputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads a segment and believes nothing: what it returns was checked. Not thread-safe. */
final class SegmentReader implements AutoCloseable {
  private final String object;
  private final SegmentName name;
  private final InputStream in;
  private final DigestInputStream hashed;
  private final Header header;
  private long count;
  private long first;
  private long last;
  private @Nullable Sha256 hash;

  /**
   * A transaction of a segment.
   *
   * @param version its version
   * @param payload its bytes, as the log had them
   */
  record Frame(long version, ByteBuffer payload) {}

  /**
   * Opens a segment.
   *
   * @param in taken over
   * @throws DamagedArchiveException if it is not the segment that its name says
   * @throws UnknownFormatException if its format is unknown
   */
  SegmentReader(String object, SegmentName name, InputStream in) throws IOException {
    this.object = object;
    this.name = name;
    this.in = new BufferedInputStream(in, 1 << 16);
    this.hashed = new DigestInputStream(this.in, Sha256.digest());
    try {
      this.header = Header.of(object, hashed.readNBytes(SegmentFormat.HEADER_BYTES));
      if (header.number() != name.number() || header.after() != name.after()) {
        throw damaged("it is another segment than its name says");
      }
    } catch (IOException e) {
      in.close();
      throw e;
    }
    this.last = header.after();
  }

  Header header() {
    return header;
  }

  /** {@return the next transaction, or null behind the last, when all of the segment is right} */
  @Nullable Frame next() throws IOException {
    int size = number(4).getInt();
    if (size == SegmentFormat.END_OF_FRAMES) {
      end();
      return null;
    }
    ByteBuffer head = number(SegmentFormat.FRAME_HEADER_BYTES - 4);
    int crc = head.getInt();
    long version = head.getLong();
    // Grows with what is there, so a size that is a lie costs no memory.
    byte[] payload = size < 0 ? new byte[0] : hashed.readNBytes(size);
    if (payload.length != size) {
      throw damaged("transaction %d is not whole".formatted(count));
    }
    ByteBuffer buffer = ByteBuffer.wrap(payload);
    if (crc != SegmentFormat.crc(version, buffer)) {
      throw damaged("the checksum of transaction %d is wrong".formatted(count));
    }
    if (version <= last) {
      throw damaged("version %d comes after %d".formatted(version, last));
    }
    first = count == 0 ? version : first;
    last = version;
    count++;
    return new Frame(version, buffer);
  }

  /** {@return the hash of the segment, which was read to its end} */
  Sha256 hash() {
    if (hash == null) {
      throw new IllegalStateException("the end was not reached");
    }
    return hash;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private void end() throws IOException {
    ByteBuffer footer = number(SegmentFormat.FOOTER_BYTES);
    byte[] expected = hashed.getMessageDigest().digest();
    if (!Arrays.equals(expected, in.readNBytes(Sha256.BYTES))) {
      throw damaged("its hash is wrong");
    }
    if (count == 0
        || footer.getLong() != count
        || footer.getLong() != first
        || footer.getLong() != last
        || last != name.last()) {
      throw damaged("it holds other transactions than its name and its end say");
    }
    if (in.read() >= 0) {
      throw damaged("something follows its end");
    }
    hash = Sha256.of(expected);
  }

  private ByteBuffer number(int bytes) throws IOException {
    byte[] read = hashed.readNBytes(bytes);
    if (read.length < bytes) {
      throw damaged("it ends after transaction %d".formatted(count));
    }
    return ByteBuffer.wrap(read);
  }

  private DamagedArchiveException damaged(String what) {
    return new DamagedArchiveException(object, what);
  }
}
