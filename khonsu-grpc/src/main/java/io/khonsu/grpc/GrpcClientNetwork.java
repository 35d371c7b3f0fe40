package io.khonsu.grpc;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.khonsu.spi.ClientNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reaches the nodes of a cluster on gRPC. Found by who connects; not for other use. */
public final class GrpcClientNetwork implements ClientNetwork {
  /** A node sends a few MiB at once, or one item however large. */
  private static final int ANSWER_BYTES_MAX = 1 << 30;

  private static final Set<String> SETTINGS =
      Set.of("tls.certificate", "tls.key", "tls.authorities");

  /** Where nodes may be that are called without certificates. */
  private static final String PLAIN_TEXT = "plainText";

  static final String NO_NODE = "the certificate at the other end is not that of a node";

  /** An answer of a stream is given up at most so long after its deadline. */
  private static final Duration EXPIRY_PERIOD = Duration.ofMillis(100);

  /** A stream that nobody has used for so long is ended. */
  private static final Duration STREAM_IDLE_MAX = Duration.ofSeconds(20);

  /** For the service loader. */
  public GrpcClientNetwork() {}

  @Override
  public Nodes open(List<Address> nodes, Map<String, String> settings) throws IOException {
    Wiring.Security security =
        new Wiring.Security(tls(settings), null, plainText(settings.get(PLAIN_TEXT)));
    for (Address node : nodes) {
      var _ = PeerAddress.of(1, node.host(), node.port()); // refused here, it is said at once
    }
    return new Channels(nodes, new Wiring("khonsu-client", security));
  }

  private static Optional<TlsFiles> tls(Map<String, String> settings) {
    Map<String, String> files = new HashMap<>(settings);
    files.remove(PLAIN_TEXT);
    if (!SETTINGS.containsAll(files.keySet())) {
      files.keySet().removeAll(SETTINGS);
      throw new IllegalArgumentException(
          "unknown settings of a connection: %s; known are %s"
              .formatted(
                  files.keySet(),
                  Stream.concat(SETTINGS.stream(), Stream.of(PLAIN_TEXT)).sorted().toList()));
    }
    if (files.isEmpty()) {
      return Optional.empty();
    }
    if (!files.keySet().equals(SETTINGS)) {
      throw new IllegalArgumentException(
          "tls.certificate, tls.key and tls.authorities must be there all three, or none");
    }
    return Optional.of(
        new TlsFiles(
            path(files, "tls.certificate"),
            path(files, "tls.key"),
            path(files, "tls.authorities")));
  }

  private static PlainText plainText(@Nullable String value) {
    return switch (value) {
      case null -> PlainText.LOOPBACK;
      case "loopback" -> PlainText.LOOPBACK;
      case "anywhere" -> PlainText.ANYWHERE;
      default ->
          throw new IllegalArgumentException(
              "plainText must be loopback or anywhere, but is " + value);
    };
  }

  private static Path path(Map<String, String> files, String key) {
    return Path.of(String.valueOf(files.get(key)));
  }

  @Override
  public String toString() {
    return "khonsu-grpc";
  }

  /** {@return whether a call was answered by a node, as far as that can be known} */
  static boolean isNode(Wiring wiring, ClientCall<?, ?> call) {
    var tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    return !wiring.isSecure() || TlsIdentity.names(tls, TlsFiles::isNodeUri);
  }

  /** {@return how a call has ended, for people} */
  static String describe(Status status) {
    Throwable cause = status.getCause();
    return "%s: %s%s"
        .formatted(
            status.getCode(),
            status.getDescription(),
            cause == null ? "" : ", " + cause.getMessage());
  }

  /** One channel for each node, which connects when it is used. */
  private static final class Channels implements Nodes {
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final AtomicReferenceArray<@Nullable QuestionStream> streams;
    private final Wiring wiring;

    private Channels(List<Address> nodes, Wiring wiring) {
      this.wiring = wiring;
      this.streams = new AtomicReferenceArray<>(nodes.size());
      nodes.forEach(
          node -> channels.add(wiring.channel(node.host(), node.port(), ANSWER_BYTES_MAX)));
      wiring.repeat(STREAM_IDLE_MAX, () -> forEachStream(s -> s.endIfIdle(STREAM_IDLE_MAX)));
      wiring.repeat(EXPIRY_PERIOD, () -> forEachStream(QuestionStream::expire));
    }

    private ManagedChannel channel(int node) {
      ManagedChannel channel = channels.get(node);
      if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
        channel.resetConnectBackoff(); // the caller has its own
      }
      return channel;
    }

    @Override
    public byte[] askBriefly(int node, byte[] question, Duration timeout)
        throws IOException, InterruptedException {
      long deadline = System.nanoTime() + timeout.toNanos();
      QuestionStream stream = stream(node, streams.get(node));
      byte[] answer = stream.ask(question, deadline);
      if (answer == null) {
        stream = stream(node, stream);
        answer = stream.ask(question, deadline);
      }
      if (answer == null) {
        IOException end = stream.end();
        throw new NotAskedException(end == null ? "" : String.valueOf(end.getMessage()), end);
      }
      return answer;
    }

    /** {@return a stream that has not ended yet, for one that may have} */
    private QuestionStream stream(int node, @Nullable QuestionStream last) {
      if (last != null && last.end() == null) {
        return last;
      }
      // It is not the caller's alone, whose own call may be answered and end before it does.
      Context callers = Context.ROOT.attach();
      try {
        QuestionStream next = new QuestionStream(channel(node), wiring);
        QuestionStream current = streams.compareAndExchange(node, last, next);
        if (current == last) {
          next.begin();
          return next;
        }
        return Objects.requireNonNull(current); // somebody else was first; it is never taken away
      } finally {
        Context.ROOT.detach(callers);
      }
    }

    private void forEachStream(Consumer<QuestionStream> action) {
      for (int node = 0; node < streams.length(); node++) {
        QuestionStream stream = streams.get(node);
        if (stream != null) {
          action.accept(stream);
        }
      }
    }

    @Override
    public byte[] ask(int node, byte[] question, Duration timeout)
        throws IOException, InterruptedException {
      Call call = new Call(channel(node), wiring, timeout);
      try {
        return call.ask(question);
      } catch (ExecutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        throw call.mayHaveArrived()
            ? new IOException(String.valueOf(cause.getMessage()), cause)
            : new NotAskedException(String.valueOf(cause.getMessage()), cause);
      } catch (InterruptedException e) {
        call.call.cancel("the caller was interrupted", e);
        throw e;
      }
    }

    @Override
    public void close() {
      channels.forEach(ManagedChannel::shutdownNow);
      for (ManagedChannel channel : channels) {
        Closing.await(channel::awaitTermination);
      }
      wiring.close();
    }
  }

  /** One question on its way. */
  private static final class Call extends ClientCall.Listener<byte[]> {
    private final ClientCall<byte[], byte[]> call;
    private final Wiring wiring;
    private final CompletableFuture<byte[]> result = new CompletableFuture<>();
    private volatile byte @Nullable [] answer;
    private volatile boolean isNode = true;

    /** Whether there was a connection for it. */
    private volatile boolean isOnItsWay;

    /** Whether the node said that it did not look at it. */
    private volatile boolean isRefused;

    private Call(ManagedChannel channel, Wiring wiring, Duration timeout) {
      this.wiring = wiring;
      this.call =
          channel.newCall(
              ClientListener.ASK,
              CallOptions.DEFAULT
                  .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
                  .withStreamTracerFactory(new Departure()));
    }

    /** Notes when the call gets a stream of a connection: before, nothing can have arrived. */
    private final class Departure extends ClientStreamTracer.Factory {
      @Override
      public ClientStreamTracer newClientStreamTracer(
          ClientStreamTracer.StreamInfo info, Metadata headers) {
        return new ClientStreamTracer() {
          @Override
          public void streamCreated(Attributes transport, Metadata sent) {
            isOnItsWay = true;
          }
        };
      }
    }

    private boolean mayHaveArrived() {
      return isOnItsWay && !isRefused;
    }

    private byte[] ask(byte[] question) throws InterruptedException, ExecutionException {
      call.start(this, new Metadata());
      call.request(2);
      call.sendMessage(question);
      call.halfClose();
      return result.get();
    }

    @Override
    public void onHeaders(Metadata headers) {
      if (!GrpcClientNetwork.isNode(wiring, call)) {
        isNode = false;
        call.cancel("whoever answers is no node", null);
      }
    }

    @Override
    public void onMessage(byte[] message) {
      answer = message;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      byte[] got = answer;
      isRefused = trailers.containsKey(ClientListener.NOT_ASKED);
      if (!isNode) {
        result.completeExceptionally(new IOException(NO_NODE));
      } else if (status.isOk() && got != null) {
        result.complete(got);
      } else {
        result.completeExceptionally(new IOException(describe(status)));
      }
    }
  }
}
