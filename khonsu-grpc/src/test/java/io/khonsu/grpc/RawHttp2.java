package io.khonsu.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Somebody who speaks HTTP/2 by hand, one frame after another, as right or wrong as he likes. */
final class RawHttp2 implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GO_AWAY = 7;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 1;
  static final int ACK = 1;
  static final int END_HEADERS = 4;

  /** Codes of errors, as RFC 9113 has them. */
  static final int FRAME_SIZE_ERROR = 6;

  static final int REFUSED_STREAM = 7;
  static final int ENHANCE_YOUR_CALM = 11;

  private static final int TIMEOUT_MILLIS = 60_000;
  private static final int PREFIX_BYTES = 5;

  private final Socket socket;
  private final String method;
  private final DataInputStream in;
  private final DefaultHttp2HeadersDecoder headers = new DefaultHttp2HeadersDecoder();

  /** A frame that came. */
  @SuppressWarnings("ArrayRecordComponent") // looked into, never compared
  record Frame(int type, int flags, int stream, byte[] payload) {
    private boolean isLast() {
      return (type == HEADERS && (flags & END_STREAM) != 0) || type == RST_STREAM;
    }

    /** {@return the number of four bytes of it} */
    int numberAt(int offset) {
      return ByteBuffer.wrap(payload).getInt(offset);
    }
  }

  private RawHttp2(Socket socket, String method) throws IOException {
    this.socket = socket;
    this.method = method;
    this.in = new DataInputStream(socket.getInputStream());
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
    frame(SETTINGS, 0, 0);
  }

  /** {@return one who calls a client's method} */
  static RawHttp2 client(InetSocketAddress at) throws IOException {
    return client(at, "127.0.0.1");
  }

  /** {@return the same, from some address of this machine} */
  static RawHttp2 client(InetSocketAddress at, String from) throws IOException {
    return new RawHttp2(
        new Socket(at.getAddress(), at.getPort(), InetAddress.getByName(from), 0),
        ClientListener.ASK.getFullMethodName());
  }

  /** {@return one who calls a node's method} */
  static RawHttp2 node(InetSocketAddress at) throws IOException {
    return new RawHttp2(
        new Socket(at.getAddress(), at.getPort()), Handshake.FRAMES.getFullMethodName());
  }

  /** Sends a frame. */
  void frame(int type, int flags, int stream, byte... payload) throws IOException {
    header(payload.length, type, flags, stream);
    socket.getOutputStream().write(payload);
  }

  /** Sends the beginning of a frame, of whatever length it says. */
  void header(int length, int type, int flags, int stream) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(9);
    header.put((byte) (length >>> 16)).putShort((short) length);
    header.put((byte) type).put((byte) flags).putInt(stream);
    byte[] bytes = new byte[header.flip().remaining()];
    header.get(bytes);
    socket.getOutputStream().write(bytes);
  }

  /** Begins a call. */
  void call(int stream, String... furtherHeaders) throws IOException {
    frame(HEADERS, END_HEADERS, stream, block(furtherHeaders));
  }

  /** {@return the headers of such a call, in the simplest of encodings} */
  byte[] block(String... further) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    literal(block, ":method", "POST");
    literal(block, ":scheme", "http");
    literal(block, ":path", "/" + method);
    literal(block, ":authority", "127.0.0.1");
    literal(block, "content-type", "application/grpc");
    literal(block, "te", "trailers");
    for (int i = 0; i < further.length; i += 2) {
      literal(block, further[i], further[i + 1]);
    }
    return block.toByteArray();
  }

  private static void literal(ByteArrayOutputStream block, String name, String value) {
    block.write(0); // not indexed, with a new name
    text(block, name);
    text(block, value);
  }

  private static void text(ByteArrayOutputStream block, String text) {
    int left = text.length();
    block.write(Math.min(left, 0x7f));
    if (left >= 0x7f) {
      left -= 0x7f;
      for (; left >= 0x80; left >>>= 7) {
        block.write((left & 0x7f) | 0x80);
      }
      block.write(left);
    }
    block.writeBytes(text.getBytes(US_ASCII));
  }

  /** {@return a message of a call, with whatever length it says} */
  static byte[] message(boolean isCompressed, int length, byte... content) {
    ByteBuffer message = ByteBuffer.allocate(PREFIX_BYTES + content.length);
    message.put((byte) (isCompressed ? 1 : 0)).putInt(length).put(content);
    byte[] bytes = new byte[message.flip().remaining()];
    message.get(bytes);
    return bytes;
  }

  /** {@return the next frame, or null if the connection has ended} */
  @Nullable Frame next() throws IOException {
    try {
      int begin = in.readInt();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] payload = new byte[begin >>> 8];
      in.readFully(payload);
      return new Frame(begin & 0xff, flags, stream, payload);
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException _) {
      return null; // it was closed, or even reset
    }
  }

  /** {@return the headers that end a call, or nothing but "rst" or "end" if there are none} */
  Map<String, String> end(int stream) throws IOException {
    Map<String, String> found = new HashMap<>();
    while (true) {
      Frame frame = next();
      if (frame == null || frame.type == GO_AWAY) {
        return Map.of("end", frame == null ? "closed" : "" + frame.numberAt(Integer.BYTES));
      }
      if (frame.type == HEADERS) {
        found = decoded(frame); // also of other calls: they change how later ones are read
      }
      if (frame.stream == stream && frame.isLast()) {
        return frame.type == RST_STREAM ? Map.of("rst", "" + frame.numberAt(0)) : found;
      }
    }
  }

  private Map<String, String> decoded(Frame frame) {
    try {
      Map<String, String> found = new HashMap<>();
      headers
          .decodeHeaders(frame.stream, Unpooled.wrappedBuffer(frame.payload))
          .forEach(header -> found.put(header.getKey().toString(), header.getValue().toString()));
      return found;
    } catch (Http2Exception e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }

  /** {@return that the connection has ended, once it has} */
  boolean isHungUpOn() throws IOException {
    var _ = farewell();
    return true;
  }

  /** {@return the code of the farewell, or null if the connection ended without one} */
  @Nullable Integer farewell() throws IOException {
    Integer code = null;
    for (Frame frame = next(); frame != null; frame = next()) {
      if (frame.type == GO_AWAY) {
        code = frame.numberAt(Integer.BYTES);
      }
    }
    return code;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
