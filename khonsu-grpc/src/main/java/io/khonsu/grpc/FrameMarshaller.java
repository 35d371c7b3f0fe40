package io.khonsu.grpc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Messages that are bytes, copied once on their way out and once on their way in. */
enum FrameMarshaller implements Marshaller<byte[]> {
  INSTANCE;

  /** Bytes that write themselves into the network's buffers, without a buffer in between. */
  private static final class FrameStream extends ByteArrayInputStream
      implements KnownLength, Drainable {
    private FrameStream(byte[] frame) {
      super(frame);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int drained = count - pos;
      target.write(buf, pos, drained);
      pos = count;
      return drained;
    }
  }

  @Override
  public InputStream stream(byte[] frame) {
    return new FrameStream(frame);
  }

  @Override
  public byte[] parse(InputStream stream) {
    try {
      if (!(stream instanceof KnownLength)) {
        return stream.readAllBytes();
      }
      byte[] frame = new byte[stream.available()];
      int read = stream.readNBytes(frame, 0, frame.length);
      if (read != frame.length) {
        throw new IOException("%d bytes of %d".formatted(read, frame.length));
      }
      return frame;
    } catch (IOException e) {
      throw Status.INTERNAL
          .withDescription("a message is cut off")
          .withCause(e)
          .asRuntimeException();
    }
  }
}
