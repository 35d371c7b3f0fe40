package io.khonsu.consensus.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Message;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.ReplicaOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class WireFormatTest {
  private static final Ballot BALLOT = new Ballot(1, 2, 0, 3);
  private static final ReplicaOptions SMALL =
      ReplicaOptions.defaults().withLimits(1000, 10_000, 10_000);

  /** Version 1 is in use: what these bytes mean never changes again. Kind 26 is in use no more. */
  @Test
  void version1_staysAsItIs() throws IOException {
    WireFormat format = new WireFormat(ReplicaOptions.defaults());
    Set<String> messages = new HashSet<>();
    for (String line : golden()) {
      String[] parts = line.split(" ", 3);
      byte[] frame = HexFormat.of().parseHex(parts[1]);
      ByteBuffer buffer = ByteBuffer.wrap(frame);
      Object value =
          switch (parts[0]) {
            case "metadata" -> WireFormat.readMetadata(buffer);
            case "persist" -> WireFormat.readPersist(buffer);
            case "entries" -> WireFormat.readEntries(buffer);
            default -> format.readEnvelope(buffer);
          };
      messages.add(parts[0]);
      assertThat(value.toString()).isEqualTo(parts[2]);
      assertThat(written(format, value)).as(parts[0]).isEqualTo(frame);
    }
    for (Class<?> message : Message.class.getPermittedSubclasses()) {
      assertThat(messages).contains(message.getSimpleName());
    }
  }

  private static byte[] written(WireFormat format, Object value) {
    return switch (value) {
      case Envelope envelope -> format.write(envelope);
      case Metadata metadata -> WireFormat.write(metadata);
      case Persist persist -> WireFormat.write(persist);
      case Entries run -> WireFormat.write(run);
      default -> throw new AssertionError(value);
    };
  }

  private static List<String> golden() throws IOException {
    try (InputStream golden = WireFormatTest.class.getResourceAsStream("version-1.txt")) {
      assertThat(golden).isNotNull();
      return new String(golden.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  @Test
  void largestMessageOfAReplica_fits() {
    WireFormat format = new WireFormat(SMALL);
    Entries large = Entries.of(new byte[SMALL.limits().messageBytesMax()]);
    assertThat(format.write(acceptDecide(large)).length)
        .isLessThanOrEqualTo(format.envelopeBytesMax());
  }

  @Test
  void message_beyondTheLimit_isNeitherWrittenNorRead() {
    WireFormat format = new WireFormat(SMALL);
    Envelope envelope = acceptDecide(Entries.of(new byte[format.envelopeBytesMax()]));
    assertThatExceptionOfType(WireFormatException.class)
        .isThrownBy(() -> format.write(envelope))
        .withMessageContaining("2024; give all replicas the same messageBytesMax");
    byte[] frame = new WireFormat(ReplicaOptions.defaults()).write(envelope);
    assertThatExceptionOfType(WireFormatException.class)
        .isThrownBy(() -> format.readEnvelope(ByteBuffer.wrap(frame)))
        .withMessageContaining("larger than 2024");
  }

  /** Long runs are put between short ones only when the frame is made. */
  @Test
  void runs_shortAndLong_areReadInTheirOrder() {
    WireFormat format = new WireFormat(ReplicaOptions.defaults());
    List<Entries> runs = new ArrayList<>();
    for (int size : new int[] {3, 255, 256, 257, 0, 5_000, 1, 70_000, 300}) {
      byte[] entry = new byte[size];
      Arrays.fill(entry, (byte) runs.size());
      runs.add(Entries.of(entry));
      runs.add(Entries.of(List.of(new byte[] {7}, entry, entry)));
    }
    Envelope envelope = acceptDecide(runs);
    assertThat(format.readEnvelope(ByteBuffer.wrap(format.write(envelope)))).isEqualTo(envelope);
  }

  @Test
  void frame_behindAHeader_leavesItToTheCaller() {
    WireFormat format = new WireFormat(SMALL);
    Envelope envelope = acceptDecide(Entries.of(new byte[900]));
    byte[] plain = format.write(envelope);
    byte[] headed = format.write(envelope, 10);
    assertThat(headed).hasSize(10 + plain.length).startsWith(new byte[10]).endsWith(plain);
  }

  @Test
  void run_inParts_isTheSameFrame() {
    for (int size : new int[] {0, 1, 256, 257, 70_000}) {
      Entries run = Entries.of(List.of(new byte[] {1}, new byte[size], new byte[] {2}));
      byte[] frame = WireFormat.write(run);
      ByteBuffer joined = ByteBuffer.allocate(frame.length);
      WireFormat.parts(run).forEach(joined::put);
      assertThat(joined.flip()).isEqualTo(ByteBuffer.wrap(frame));
    }
  }

  /** A replica takes entries over without copying them. */
  @Test
  void entries_thatWereRead_arePartsOfTheFrame() {
    byte[] frame = WireFormat.write(Entries.of(new byte[1_000]));
    Entries run = WireFormat.readEntries(ByteBuffer.wrap(frame));
    Arrays.fill(frame, (byte) 5);
    assertThat(run.entry(0)).containsOnly(5);
  }

  private static Envelope acceptDecide(Entries run) {
    return acceptDecide(List.of(run));
  }

  private static Envelope acceptDecide(List<Entries> runs) {
    Message message = new Message.AcceptDecide(BALLOT, 1, 2, 3, runs, 3);
    return new Envelope(7, 1, new Member(1, 0), new Member(2, 0), message);
  }

  @Test
  void anotherVersion_isNamed() {
    byte[] frame = WireFormat.write(Entries.of(new byte[] {1}));
    frame[0] = 2;
    assertThatExceptionOfType(WireFormatException.class)
        .isThrownBy(() -> WireFormat.readEntries(ByteBuffer.wrap(frame)))
        .withMessageContaining("version 2");
  }

  @Test
  void anotherKind_isRefused() {
    byte[] frame = WireFormat.write(Entries.of(new byte[] {1}));
    assertThatExceptionOfType(WireFormatException.class)
        .isThrownBy(() -> WireFormat.readMetadata(ByteBuffer.wrap(frame)))
        .withMessageContaining("kind");
  }

  /** Each of these few bytes announces gigabytes. */
  @Test
  void announcedSizes_areNotBelieved() {
    refused("ends", 3, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 8);
    refused("ends", 3, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x07);
    refused("ends", 3, 1, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0xFF, 0xFF, 0xFF, 0xFF, 0x07);
    refused("ends", 3, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x07);
    refused("no width", 3, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0);
    refused("small number", 3, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 8);
    refused("out of range", 3, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01);
    refused("does not end", 3, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01);
    refused("too many", 3, 0, 1, 1, 42, 42);
  }

  private static void refused(String why, int... kindAndBody) {
    byte[] frame = new byte[1 + kindAndBody.length + Integer.BYTES];
    frame[0] = WireFormat.VERSION;
    for (int i = 0; i < kindAndBody.length; i++) {
      frame[i + 1] = (byte) kindAndBody[i];
    }
    CRC32C checksum = new CRC32C();
    checksum.update(Arrays.copyOf(frame, frame.length - Integer.BYTES));
    ByteBuffer.wrap(frame).putInt(frame.length - Integer.BYTES, (int) checksum.getValue());
    assertThatExceptionOfType(WireFormatException.class)
        .isThrownBy(() -> WireFormat.readEntries(ByteBuffer.wrap(frame)))
        .withMessageContaining(why);
  }
}
