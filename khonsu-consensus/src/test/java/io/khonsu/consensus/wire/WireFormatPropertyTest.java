package io.khonsu.consensus.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Message;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.RandomMessages;
import io.khonsu.consensus.ReplicaOptions;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** What is written is read, and whatever is read is a value or an exception, never harm. */
class WireFormatPropertyTest {
  private static final long FIRST = Long.getLong("khonsu.wire.first", 1);
  private static final int CHECKSUM_BYTES = Integer.BYTES;

  private final WireFormat format = new WireFormat(ReplicaOptions.defaults());

  @Test
  void everyKindOfMessage_isReadAsWritten() {
    RandomMessages messages = new RandomMessages(new SplittableRandom(FIRST));
    Set<Class<?>> seen = new HashSet<>();
    for (int kind = 0; kind < messages.kinds(); kind++) {
      for (int i = 0; i < 200; i++) {
        Envelope envelope = messages.envelope(messages.message(kind));
        seen.add(envelope.message().getClass());
        assertThat(format.readEnvelope(ByteBuffer.wrap(format.write(envelope))))
            .isEqualTo(envelope);
      }
    }
    assertThat(seen).containsExactlyInAnyOrder(Message.class.getPermittedSubclasses());
  }

  @Test
  void storedRecords_areReadAsWritten() {
    RandomMessages values = new RandomMessages(new SplittableRandom(FIRST));
    for (int i = 0; i < 1000; i++) {
      Metadata metadata = values.metadata();
      assertThat(WireFormat.readMetadata(ByteBuffer.wrap(WireFormat.write(metadata))))
          .isEqualTo(metadata);
      Persist persist = values.persist();
      assertThat(WireFormat.readPersist(ByteBuffer.wrap(WireFormat.write(persist))))
          .isEqualTo(persist);
      Entries run = values.run();
      Entries read = WireFormat.readEntries(ByteBuffer.wrap(WireFormat.write(run)));
      assertThat(read).isEqualTo(run);
      assertThat(read.stopSign()).isEqualTo(run.stopSign());
    }
  }

  /** A frame may lie anywhere in a buffer of any kind, and is read from beginning to end. */
  @Test
  void frame_insideADirectBuffer_isReadThere() {
    byte[] frame = WireFormat.write(Entries.of(new byte[] {1, 2, 3}));
    ByteBuffer buffer = ByteBuffer.allocateDirect(frame.length + 10).position(5).put(frame);
    ByteBuffer part = buffer.position(5).limit(5 + frame.length);
    assertThat(WireFormat.readEntries(part).entry(0)).containsExactly(1, 2, 3);
    assertThat(part.hasRemaining()).isFalse();
  }

  @RepeatedTest(20)
  void frame_cutOff_isRefused(RepetitionInfo repetition) {
    long seed = FIRST + repetition.getCurrentRepetition();
    byte[] frame = format.write(new RandomMessages(new SplittableRandom(seed)).envelope());
    for (int length = 0; length < frame.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(frame, 0, length);
      assertThatExceptionOfType(WireFormatException.class)
          .as("seed %d, %d bytes", seed, length)
          .isThrownBy(() -> format.readEnvelope(cut));
    }
  }

  @RepeatedTest(20)
  void frame_withAFlippedBit_isRefused(RepetitionInfo repetition) {
    long seed = FIRST + repetition.getCurrentRepetition();
    byte[] frame = format.write(new RandomMessages(new SplittableRandom(seed)).envelope());
    for (int bit = 0; bit < 8 * frame.length; bit++) {
      byte[] flipped = frame.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatExceptionOfType(WireFormatException.class)
          .as("seed %d, bit %d", seed, bit)
          .isThrownBy(() -> format.readEnvelope(ByteBuffer.wrap(flipped)));
    }
  }

  /** The checksum shields from accidents only: here it is always right. */
  @RepeatedTest(50)
  void frame_damagedUnderARightChecksum_isAValueOrRefused(RepetitionInfo repetition) {
    long seed = FIRST + repetition.getCurrentRepetition();
    SplittableRandom random = new SplittableRandom(seed);
    RandomMessages values = new RandomMessages(random);
    for (int i = 0; i < 400; i++) {
      byte[] frame = damaged(format.write(values.envelope()), random);
      survives(seed, frame, format::readEnvelope, format::write);
      frame = damaged(WireFormat.write(values.persist()), random);
      survives(seed, frame, WireFormat::readPersist, WireFormat::write);
      frame = damaged(WireFormat.write(values.metadata()), random);
      survives(seed, frame, WireFormat::readMetadata, WireFormat::write);
      frame = damaged(WireFormat.write(values.run()), random);
      survives(seed, frame, WireFormat::readEntries, WireFormat::write);
    }
  }

  /** {@return the frame with some bytes changed, removed or added behind its header} */
  private static byte[] damaged(byte[] frame, SplittableRandom random) {
    int size = frame.length - CHECKSUM_BYTES;
    int change = random.nextInt(-4, 5);
    byte[] damaged = new byte[Math.max(3, size + change) + CHECKSUM_BYTES];
    System.arraycopy(frame, 0, damaged, 0, Math.min(size, damaged.length - CHECKSUM_BYTES));
    for (int i = random.nextInt(4); i > 0; i--) {
      int place = random.nextInt(2, damaged.length - CHECKSUM_BYTES);
      damaged[place] = random.nextBoolean() ? (byte) random.nextInt() : (byte) 0xFF;
    }
    return sealed(damaged);
  }

  private static byte[] sealed(byte[] frame) {
    CRC32C checksum = new CRC32C();
    checksum.update(frame, 0, frame.length - CHECKSUM_BYTES);
    ByteBuffer.wrap(frame).putInt(frame.length - CHECKSUM_BYTES, (int) checksum.getValue());
    return frame;
  }

  private static <T> void survives(
      long seed, byte[] frame, Function<ByteBuffer, T> read, Function<T, byte[]> write) {
    try {
      T value = read.apply(ByteBuffer.wrap(frame));
      assertThat(read.apply(ByteBuffer.wrap(write.apply(value)))).isEqualTo(value);
    } catch (WireFormatException refused) {
      assertThat(refused.getMessage()).as("seed %d", seed).isNotBlank();
    }
  }
}
