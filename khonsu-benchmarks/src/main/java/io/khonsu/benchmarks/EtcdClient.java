package io.khonsu.benchmarks;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A client of etcd's own protocol, without a library above gRPC: puts go to the node that leads,
 * over some connections that all share. Messages are etcd's {@code rpc.proto} by field number.
 */
final class EtcdClient implements CommitPath {
  private static final int CONNECTIONS = 4;
  private static final int STATUS_SECONDS = 1;
  private static final int PUT_SECONDS = 10;

  private static final MethodDescriptor<byte[], byte[]> PUT = method("KV/Put");
  private static final MethodDescriptor<byte[], byte[]> RANGE = method("KV/Range");
  private static final MethodDescriptor<byte[], byte[]> STATUS = method("Maintenance/Status");

  /** Some connections to each node. */
  private final List<List<ManagedChannel>> nodes = new ArrayList<>();

  private final AtomicInteger turn = new AtomicInteger();
  private volatile int leader;

  EtcdClient(ClusterSite site) {
    for (int node = 1; node <= ClusterSystem.ETCD.size(); node++) {
      List<ManagedChannel> channels = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        channels.add(
            Grpc.newChannelBuilder(site.address(node), InsecureChannelCredentials.create())
                .build());
      }
      nodes.add(channels);
    }
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    MethodDescriptor.Marshaller<byte[]> bytes = new Bytes();
    return MethodDescriptor.newBuilder(bytes, bytes)
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName("etcdserverpb." + name)
        .build();
  }

  private static byte[] call(
      Channel channel, MethodDescriptor<byte[], byte[]> method, byte[] request, int seconds) {
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(seconds, TimeUnit.SECONDS);
    return ClientCalls.blockingUnaryCall(channel, method, options, request);
  }

  /** Asks each node whether it is itself whom it takes for the leader. */
  @Override
  public int leader() throws IOException {
    for (int node = 1; node <= nodes.size(); node++) {
      if (leads(nodes.get(node - 1).getFirst())) {
        leader = node;
        return node;
      }
    }
    leader = 0;
    return 0;
  }

  private static boolean leads(Channel node) throws IOException {
    byte[] status;
    try {
      status = call(node, STATUS, new byte[0], STATUS_SECONDS);
    } catch (StatusRuntimeException _) {
      return false; // it is down, or about to be up
    }
    byte[] header = field(status, 1);
    Long self = header == null ? null : number(header, 2);
    Long leads = number(status, 4);
    return self != null && self.equals(leads);
  }

  @Override
  public void commit(int item, byte[] value) throws IOException {
    int target = leader == 0 ? leader() : leader;
    if (target == 0) {
      throw new IOException("etcd has no leader");
    }
    List<ManagedChannel> channels = nodes.get(target - 1);
    Channel channel = channels.get(Math.floorMod(turn.getAndIncrement(), CONNECTIONS));
    try {
      var _ = call(channel, PUT, message(key(item), value), PUT_SECONDS);
    } catch (StatusRuntimeException e) {
      leader = 0;
      throw e;
    }
  }

  @Override
  public byte[] read(int item) throws IOException {
    byte[] answer =
        call(nodes.get(Math.max(0, leader - 1)).getFirst(), RANGE, message(key(item)), PUT_SECONDS);
    byte[] pair = field(answer, 2);
    return CommitPath.present(item, pair == null ? null : field(pair, 5));
  }

  private static byte[] key(int item) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(item).array();
  }

  /** {@return a message whose fields from 1 on are these bytes} */
  private static byte[] message(byte[]... fields) throws IOException {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(message);
    for (int i = 0; i < fields.length; i++) {
      out.writeByteArray(i + 1, fields[i]);
    }
    out.flush();
    return message.toByteArray();
  }

  /** {@return the bytes that a field has, or null} */
  private static byte @Nullable [] field(byte[] message, int number) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(message);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (tag == (number << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED)) {
        return in.readByteArray();
      }
      var _ = in.skipField(tag);
    }
    return null;
  }

  private static @Nullable Long number(byte[] message, int number) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(message);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (tag == (number << 3 | WireFormat.WIRETYPE_VARINT)) {
        return in.readUInt64();
      }
      var _ = in.skipField(tag);
    }
    return null;
  }

  @Override
  public void close() {
    nodes.forEach(channels -> channels.forEach(ManagedChannel::shutdownNow));
  }

  /** Messages are bytes. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
