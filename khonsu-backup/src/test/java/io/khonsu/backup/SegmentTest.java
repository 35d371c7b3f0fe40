package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.backup.SegmentFormat.Header;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Segments: what is written is read, and nothing else is. */
class SegmentTest {
  private static final UUID STORE = new UUID(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
  private static final Sha256 PREVIOUS = new Sha256("ab".repeat(32));

  private final SegmentBuilder builder =
      new SegmentBuilder(new Header(STORE, 2, 0, 7, 100, PREVIOUS), new SegmentLimits(3, 1_000));

  @Test
  void segment_isReadAsItWasWritten() throws Exception {
    add(101, 1, 2, 3);
    add(105);
    add(106, 9);
    SegmentBuilder.Sealed sealed = builder.seal();

    try (SegmentReader reader = reader(sealed.name(), bytes(sealed))) {
      assertThat(reader.header()).isEqualTo(new Header(STORE, 2, 0, 7, 100, PREVIOUS));
      assertThat(reader.next())
          .isEqualTo(new SegmentReader.Frame(101, ByteBuffer.wrap(new byte[] {1, 2, 3})));
      assertThat(reader.next())
          .isEqualTo(new SegmentReader.Frame(105, ByteBuffer.wrap(new byte[0])));
      assertThat(reader.next())
          .isEqualTo(new SegmentReader.Frame(106, ByteBuffer.wrap(new byte[] {9})));
      assertThat(reader.next()).isNull();
      assertThat(reader.hash()).isEqualTo(sealed.hash());
    }
  }

  @Test
  void segment_isCompleteByCount_orByBytes() {
    add(101);
    add(102);
    assertThat(builder.isComplete()).isFalse();
    assertThat(builder.seal().name().isComplete()).isFalse();
    add(103);
    assertThat(builder.isComplete()).isTrue();
    assertThat(builder.seal().name().isComplete()).isTrue();

    SegmentBuilder large =
        new SegmentBuilder(new Header(STORE, 1, 0, 0, 0, Sha256.NONE), new SegmentLimits(9, 500));
    large.add(1, ByteBuffer.allocate(600));
    assertThat(large.isComplete()).isTrue();
  }

  /** The golden file: whoever changes the format changes its version, too. */
  @Test
  void format_isAsItWas() throws Exception {
    add(101, 1, 2, 3);
    add(0x0123456789abcdefL, 255);
    SegmentBuilder.Sealed sealed = builder.seal();

    assertThat(sealed.object())
        .isEqualTo("t0002/shard-00/log/000000000007-0000000000000064-0123456789abcdef.partial");
    assertThat(HexFormat.of().formatHex(bytes(sealed))).isEqualTo(golden("segment-1.hex"));
  }

  @Test
  void flippedBit_isFoundAnywhere() throws Exception {
    add(101, 1, 2, 3);
    add(105, 4, 5);
    SegmentBuilder.Sealed sealed = builder.seal();
    byte[] whole = bytes(sealed);

    for (int at = 0; at < whole.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] changed = whole.clone();
        changed[at] ^= (byte) (1 << bit);
        assertThatThrownBy(() -> readAll(sealed.name(), changed))
            .as("bit %d of byte %d", bit, at)
            .isInstanceOf(UnusableObjectException.class)
            .hasMessageContaining("segment-7");
      }
    }
  }

  @Test
  void shortenedOrLengthened_isFound() throws Exception {
    add(101, 1, 2, 3);
    SegmentBuilder.Sealed sealed = builder.seal();
    byte[] whole = bytes(sealed);

    for (int length = 0; length <= whole.length + 1; length++) {
      byte[] changed = Arrays.copyOf(whole, length);
      if (length == whole.length) {
        assertThat(readAll(sealed.name(), changed)).hasSize(1);
      } else {
        assertThatThrownBy(() -> readAll(sealed.name(), changed))
            .as("%d bytes", length)
            .isInstanceOf(DamagedArchiveException.class);
      }
    }
  }

  @Test
  void segmentUnderAnotherName_isFound() throws Exception {
    add(101, 1);
    SegmentBuilder.Sealed sealed = builder.seal();
    byte[] bytes = bytes(sealed);

    for (SegmentName other :
        List.of(
            new SegmentName(8, 100, 101, SegmentName.State.PARTIAL),
            new SegmentName(7, 99, 101, SegmentName.State.PARTIAL),
            new SegmentName(7, 100, 102, SegmentName.State.PARTIAL))) {
      assertThatThrownBy(() -> readAll(other, bytes)).isInstanceOf(DamagedArchiveException.class);
    }
  }

  @Test
  void unknownVersion_isRefusedByName() throws Exception {
    add(101, 1);
    SegmentBuilder.Sealed sealed = builder.seal();
    byte[] bytes = bytes(sealed);
    ByteBuffer.wrap(bytes).putInt(8, 2);

    assertThatThrownBy(() -> readAll(sealed.name(), bytes))
        .isInstanceOf(UnknownFormatException.class)
        .hasMessage(
            "segment-7: it has version 2 of the segment format, this Khonsu reads version 1: use a"
                + " newer Khonsu");
  }

  /** A size of almost 2 GiB in a small segment costs no memory and no crash. */
  @Test
  void hugeSize_isFound() throws Exception {
    add(101, 1);
    SegmentBuilder.Sealed sealed = builder.seal();
    byte[] bytes = bytes(sealed);
    ByteBuffer.wrap(bytes).putInt(SegmentFormat.HEADER_BYTES, Integer.MAX_VALUE);

    assertThatThrownBy(() -> readAll(sealed.name(), bytes))
        .isInstanceOf(DamagedArchiveException.class)
        .hasMessageContaining("not whole");
  }

  @Test
  void name_isReadAsItIsWritten() {
    SegmentName name = new SegmentName(12, 0xff, Long.MAX_VALUE, SegmentName.State.COMPLETE);

    assertThat(name).hasToString("000000000012-00000000000000ff-7fffffffffffffff.seg");
    assertThat(SegmentName.parse(name.toString())).contains(name);
    assertThat(SegmentName.parse(name + ".x")).isEmpty();
    assertThat(SegmentName.parse("000000000012-00000000000000ff-8fffffffffffffff.seg")).isEmpty();
  }

  private void add(long version, int... payload) {
    ByteBuffer buffer = ByteBuffer.allocate(payload.length);
    for (int value : payload) {
      buffer.put((byte) value);
    }
    builder.add(version, buffer.flip());
  }

  private static byte[] bytes(SegmentBuilder.Sealed sealed) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    sealed.writeTo(out);
    return out.toByteArray();
  }

  private static SegmentReader reader(SegmentName name, byte[] bytes) throws IOException {
    return new SegmentReader("segment-7", name, new ByteArrayInputStream(bytes));
  }

  private static List<SegmentReader.Frame> readAll(SegmentName name, byte[] bytes)
      throws IOException {
    List<SegmentReader.Frame> frames = new ArrayList<>();
    try (SegmentReader reader = reader(name, bytes)) {
      for (var frame = reader.next(); frame != null; frame = reader.next()) {
        frames.add(frame);
      }
    }
    return frames;
  }

  static String golden(String name) throws IOException {
    try (InputStream in = SegmentTest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("the golden file %s is missing".formatted(name));
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).replaceAll("\\s", "");
    }
  }
}
