package io.khonsu.grpc;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Somebody who calls a node's port by hand. */
final class Caller implements AutoCloseable {
  /** How a call ended. */
  record Ended(Status status, Metadata trailers) {}

  private final Wiring wiring;
  private final ManagedChannel channel;
  private final CompletableFuture<Boolean> answered = new CompletableFuture<>();
  private final CompletableFuture<Ended> ended = new CompletableFuture<>();
  private final ClientCall<byte[], byte[]> call;

  Caller(InetSocketAddress address, Optional<TlsFiles> tls, Metadata hello) throws IOException {
    wiring = new Wiring("caller", new Wiring.Security(tls, null, PlainText.LOOPBACK));
    channel = wiring.channel(address.getHostString(), address.getPort(), 1 << 20);
    call = channel.newCall(Handshake.FRAMES, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata headers) {
            answered.complete(true);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            answered.complete(false);
            ended.complete(new Ended(status, trailers));
          }
        },
        hello);
  }

  boolean isLetIn() {
    return Waiting.forValue("an answer", answered);
  }

  void send(byte[] frame) {
    call.sendMessage(frame);
  }

  void halfClose() {
    call.halfClose();
  }

  Ended ended() {
    return Waiting.forValue("the end", ended);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    Closing.await(channel::awaitTermination);
    wiring.close();
  }
}
