package io.khonsu.consensus.wire;

import io.khonsu.consensus.Durability;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Identity;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.ReplicaOptions;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Turns messages and stored records into frames of bytes and back. A frame names its version and
 * kind and ends with a checksum, but not its length: whoever carries it knows that. Everything read
 * is checked, so that bytes of any kind give a value that could have been written, or a {@link
 * WireFormatException}; and no more memory is asked for than a small multiple of the frame.
 *
 * <p>A frame is: version (1 byte), kind (1 byte), body, CRC-32C of all before (4 bytes). Numbers
 * are unsigned LEB128 except where the type needs all 64 bits; lists carry their length first.
 *
 * <p>Immutable, for any number of threads.
 */
public final class WireFormat {
  /** The version that is written, and the only one that is read. */
  public static final int VERSION = 1;

  /** What a message has at most beside the entries or the chunk that it carries. */
  public static final int OVERHEAD_BYTES = 1024;

  /** The kinds of frames. */
  private static final int ENVELOPE = 1;

  private static final int METADATA = 2;
  private static final int ENTRIES = 3;
  private static final int PERSIST = 4;

  private final int messageBytesMax;

  /**
   * Creates the format of replicas with these options.
   *
   * @param options sets the size of the largest envelope, as {@link #envelopeBytesMax}
   */
  public WireFormat(ReplicaOptions options) {
    this.messageBytesMax = options.limits().messageBytesMax();
  }

  /** {@return the size of the largest envelope that is read or written} */
  public int envelopeBytesMax() {
    return (int) Math.min(Integer.MAX_VALUE, (long) messageBytesMax + OVERHEAD_BYTES);
  }

  /**
   * {@return the frame of {@code envelope}}
   *
   * @throws WireFormatException if it is larger than {@link #envelopeBytesMax}, as no replica with
   *     these options makes one
   */
  public byte[] write(Envelope envelope) {
    return write(envelope, 0);
  }

  /**
   * {@return the frame of {@code envelope}, behind so many bytes that are left to the caller}
   *
   * @throws WireFormatException if it is larger than {@link #envelopeBytesMax}, as no replica with
   *     these options makes one
   */
  public byte[] write(Envelope envelope, int headerBytes) {
    FrameWriter writer = new FrameWriter(VERSION, ENVELOPE);
    writer.fixedLong(envelope.clusterId());
    writer.number(envelope.configuration());
    writer.member(envelope.from());
    writer.member(envelope.to());
    new MessageWriter(writer).write(envelope.message());
    byte[] frame = writer.frame(headerBytes);
    checkSize(frame.length - headerBytes);
    return frame;
  }

  /**
   * {@return the envelope of {@code frame}, whose remaining bytes are read} Entries are parts of
   * it: nobody may change it any more.
   *
   * @throws WireFormatException if it is none, or larger than {@link #envelopeBytesMax}
   */
  public Envelope readEnvelope(ByteBuffer frame) {
    checkSize(frame.remaining());
    return read(frame, ENVELOPE, WireFormat::takeEnvelope);
  }

  private void checkSize(int sizeBytes) {
    if (sizeBytes > envelopeBytesMax()) {
      throw new WireFormatException(
          "a message of "
              + sizeBytes
              + " bytes is larger than "
              + envelopeBytesMax()
              + "; give all replicas the same messageBytesMax");
    }
  }

  /** {@return the frame of a metadata record} */
  public static byte[] write(Metadata metadata) {
    FrameWriter writer = new FrameWriter(VERSION, METADATA);
    putMetadata(writer, metadata);
    return writer.frame();
  }

  /**
   * {@return the metadata record of {@code frame}, whose remaining bytes are read}
   *
   * @throws WireFormatException if it is none
   */
  public static Metadata readMetadata(ByteBuffer frame) {
    return read(frame, METADATA, WireFormat::takeMetadata);
  }

  /** {@return the frame of a run of entries, a stop-sign included} */
  public static byte[] write(Entries run) {
    FrameWriter writer = new FrameWriter(VERSION, ENTRIES);
    writer.run(run);
    return writer.frame();
  }

  /** {@return the same in parts, to be written one behind the other: nothing long is copied} */
  public static List<ByteBuffer> parts(Entries run) {
    FrameWriter writer = new FrameWriter(VERSION, ENTRIES);
    writer.run(run);
    return writer.parts();
  }

  /**
   * {@return the run of {@code frame}, whose remaining bytes are read} It is a part of them: nobody
   * may change them any more.
   *
   * @throws WireFormatException if it is none
   */
  public static Entries readEntries(ByteBuffer frame) {
    return read(frame, ENTRIES, FrameReader::run);
  }

  /**
   * {@return the frame of a write, for a storage that keeps writes as they come}
   *
   * @throws WireFormatException if it is larger than an array can be
   */
  public static byte[] write(Persist persist) {
    FrameWriter writer = new FrameWriter(VERSION, PERSIST);
    writer.number(persist.number());
    writer.flag(persist.durability() == Durability.SYNC);
    writer.optional(persist.install(), FrameWriter::snapshot);
    writer.number(persist.trimTo());
    writer.number(persist.appendAt());
    writer.runs(persist.append());
    writer.number(persist.decidedIndex());
    writer.optional(persist.metadata(), WireFormat::putMetadata);
    return writer.frame();
  }

  /**
   * {@return the write of {@code frame}, whose remaining bytes are read} Entries are parts of them:
   * nobody may change them any more.
   *
   * @throws WireFormatException if it is none
   */
  public static Persist readPersist(ByteBuffer frame) {
    return read(
        frame,
        PERSIST,
        reader ->
            new Persist(
                reader.number(),
                reader.flag() ? Durability.SYNC : Durability.LAZY,
                reader.optional(FrameReader::snapshot),
                reader.number(),
                reader.number(),
                reader.runs(),
                reader.number(),
                reader.optional(WireFormat::takeMetadata)));
  }

  private static Envelope takeEnvelope(FrameReader reader) {
    return new Envelope(
        reader.fixedLong(),
        reader.number(),
        reader.member(),
        reader.member(),
        new MessageReader(reader).read());
  }

  private static void putMetadata(FrameWriter writer, Metadata metadata) {
    writer.fixedLong(metadata.identity().clusterId());
    writer.member(metadata.identity().member());
    writer.optional(metadata.configuration(), FrameWriter::configuration);
    writer.optional(metadata.previous(), FrameWriter::configuration);
    writer.number(metadata.configurationStart());
    writer.ballot(metadata.promise());
    writer.ballot(metadata.acceptedRound());
    writer.number(metadata.starts());
  }

  private static Metadata takeMetadata(FrameReader reader) {
    return new Metadata(
        new Identity(reader.fixedLong(), reader.member()),
        reader.optional(FrameReader::configuration),
        reader.optional(FrameReader::configuration),
        reader.number(),
        reader.ballot(),
        reader.ballot(),
        reader.number());
  }

  private static <T> T read(ByteBuffer frame, int kind, Function<FrameReader, T> body) {
    Objects.requireNonNull(frame, "frame");
    FrameReader reader = FrameReader.open(frame, VERSION, kind);
    try {
      T value = body.apply(reader);
      reader.end();
      return value;
    } catch (IllegalArgumentException e) {
      // The parts of a value check themselves.
      throw new WireFormatException("a frame has impossible contents: " + e.getMessage(), e);
    }
  }
}
