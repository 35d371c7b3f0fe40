package io.khonsu.grpc;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.khonsu.spi.ClientService;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Where a node listens for clients: a question is a call of its own, with one message and one
 * answer, which are bytes; or, if it is brief, a part of a stream that many share. Thread-safe;
 * close it before the node.
 */
public final class ClientListener implements AutoCloseable {
  static final MethodDescriptor<byte[], byte[]> ASK =
      MethodDescriptor.newBuilder(FrameMarshaller.INSTANCE, FrameMarshaller.INSTANCE)
          .setType(MethodType.UNARY)
          .setFullMethodName("khonsu.Client/Ask")
          .build();

  /** Comes with the end of a call whose question was not looked at. */
  static final Metadata.Key<String> NOT_ASKED =
      Metadata.Key.of("khonsu-not-asked", Metadata.ASCII_STRING_MARSHALLER);

  private static final Logger LOG = LoggerFactory.getLogger(ClientListener.class);
  private static final long CLOSING_SECONDS_MAX = 3;

  /** So many clients may have a stream. */
  private static final int STREAMS_MAX = 1024;

  private final ClientSettings settings;
  private final ClientService service;
  private final Wiring wiring;
  private final ConnectionGate gate;
  private final Semaphore calls;
  private final Semaphore streams = new Semaphore(STREAMS_MAX);
  private final Set<StreamedAnswers> openStreams = ConcurrentHashMap.newKeySet();
  private final Semaphore bytes;
  private final AtomicLong refusals = new AtomicLong();

  /** Answering may wait, so it is not for the network's threads. */
  private final ExecutorService answering = Executors.newVirtualThreadPerTaskExecutor();

  private final Server server;

  private ClientListener(ClientSettings settings, ClientService service, Wiring wiring)
      throws IOException {
    this.settings = settings;
    this.service = service;
    this.wiring = wiring;
    this.gate = new ConnectionGate(ConnectionGate.Limits.USUAL, wiring);
    this.calls = new Semaphore(settings.limits().callsMax());
    this.bytes = new Semaphore(settings.limits().bytesMax());
    this.server =
        wiring.listen(
            settings.listen(),
            ClientAuth.REQUIRE,
            settings.limits().questionBytesMax(),
            ServerServiceDefinition.builder("khonsu.Client")
                .addMethod(ASK, this::accept)
                .addMethod(StreamedParts.STREAM, this::acceptStream)
                .build(),
            gate,
            ArrivingBytes.factory());
  }

  /**
   * Listens.
   *
   * @param service answers any bytes
   * @throws InsecureListenerException if other machines would reach it without TLS
   * @throws IOException if the address is unknown or in use, or a certificate cannot be used
   */
  public static ClientListener open(ClientSettings settings, ClientService service)
      throws IOException {
    Wiring wiring =
        new Wiring(
            "khonsu-clients", new Wiring.Security(settings.tls(), null, settings.plainText()));
    try {
      ClientListener listener = new ClientListener(settings, service, wiring);
      LOG.atInfo()
          .addKeyValue("address", listener.address())
          .addKeyValue("tls", wiring.isSecure())
          .log("listens for clients");
      return listener;
    } catch (IOException | RuntimeException e) {
      wiring.close();
      throw e;
    }
  }

  /** {@return where it listens, with the port that it has taken} */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getListenSockets().getFirst();
  }

  /** {@return how many calls were refused} */
  public long refusals() {
    return refusals.get();
  }

  /** {@return how many clients have a stream} */
  public int streams() {
    return STREAMS_MAX - streams.availablePermits();
  }

  private ServerCall.Listener<byte[]> accept(ServerCall<byte[], byte[]> call, Metadata headers) {
    if (!isClient(call)) {
      return refuse(call, noClient());
    }
    if (!calls.tryAcquire()) {
      return refuse(call, tooManyQuestions(settings.limits().callsMax()));
    }
    gate.began(call.getAttributes()); // and stays let in, unless a question is refused
    Answering its = new Answering(call);
    ArrivingBytes.tell(its::arrived);
    call.request(2); // the second is never sent, or the question is none
    return its;
  }

  private ServerCall.Listener<byte[]> acceptStream(
      ServerCall<byte[], byte[]> call, Metadata headers) {
    if (!isClient(call)) {
      return refuse(call, noClient());
    }
    if (!streams.tryAcquire()) {
      return refuse(call, overloaded("streams", STREAMS_MAX));
    }
    gate.began(call.getAttributes());
    StreamedAnswers stream = new StreamedAnswers(call, this);
    openStreams.add(stream);
    stream.begin();
    return stream;
  }

  private boolean isClient(ServerCall<byte[], byte[]> call) {
    var tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    String name = TlsFiles.clientUris(settings.clusterId());
    return !wiring.isSecure() || TlsIdentity.names(tls, uri -> uri.startsWith(name));
  }

  private Status noClient() {
    return Status.PERMISSION_DENIED.withDescription(
        "the certificate has no name that begins with %s: make one for this client"
            .formatted(TlsFiles.clientUris(settings.clusterId())));
  }

  /** {@return what answers a stream's questions} For streams, as what follows. */
  ClientService service() {
    return service;
  }

  Executor answering() {
    return answering;
  }

  Executor networkThread() {
    return wiring.networkThread();
  }

  Duration questionTimeout() {
    return settings.limits().questionTimeout();
  }

  /** {@return whether there is room for so many bytes} */
  boolean hold(int count) {
    return bytes.tryAcquire(count);
  }

  void release(int count) {
    bytes.release(count);
  }

  Status tooManyBytes() {
    return overloaded("bytes", settings.limits().bytesMax());
  }

  Status tooManyQuestions(int most) {
    return overloaded("questions", most);
  }

  void later(Runnable action) {
    wiring.later(questionTimeout(), action);
  }

  /** Lets the connection of a call that was refused be a stranger's. */
  void letGo(ServerCall<byte[], byte[]> call) {
    gate.ended(call.getAttributes());
  }

  /** A stream has ended. */
  void ended(StreamedAnswers stream) {
    openStreams.remove(stream);
    streams.release();
  }

  private static Status overloaded(String what, int most) {
    return Status.RESOURCE_EXHAUSTED.withDescription(
        "more than %d %s are under way: ask another node, or later".formatted(most, what));
  }

  private ServerCall.Listener<byte[]> refuse(ServerCall<byte[], byte[]> call, Status status) {
    note(call, status);
    call.close(status, notAsked());
    return new ServerCall.Listener<>() {};
  }

  private static Metadata notAsked() {
    Metadata trailers = new Metadata();
    trailers.put(NOT_ASKED, "true");
    return trailers;
  }

  void note(ServerCall<byte[], byte[]> call, Status status) {
    long count = refusals.incrementAndGet();
    // Ever more seldom, so that a stranger cannot fill the disk.
    LOG.atLevel(Long.bitCount(count) == 1 ? Level.WARN : Level.DEBUG)
        .addKeyValue("from", call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR))
        .addKeyValue("count", count)
        .addKeyValue("why", status.getCode() + ": " + status.getDescription())
        .log("a call of a client was refused");
  }

  /**
   * One call, which holds its share of the limits until all of its answer has gone, and nobody
   * works for it any more.
   */
  private final class Answering extends ServerCall.Listener<byte[]> {
    private final ServerCall<byte[], byte[]> call;
    private byte @Nullable [] question;
    private boolean isAsked;
    private final Future<?> timeout;
    private @Nullable Thread worker;
    private boolean isWorking;
    private int heldBytes;
    private boolean isClosed;
    private boolean hasEnded;

    private Answering(ServerCall<byte[], byte[]> call) {
      this.call = call;
      this.timeout = wiring.later(settings.limits().questionTimeout(), this::giveUpUnlessAsked);
    }

    /** Counts a part of the question: what is here before the rest of it takes memory as well. */
    private synchronized void arrived(int count) {
      if (!isClosed && !hold(count)) {
        close(tooManyBytes());
      }
    }

    @Override
    public synchronized void onMessage(byte[] message) {
      if (question != null) {
        close(Status.INVALID_ARGUMENT.withDescription("a call has one question"));
      } else if (!isClosed) {
        question = message;
      }
    }

    @Override
    public synchronized void onHalfClose() {
      byte[] asked = question;
      question = null; // not kept longer than it takes
      if (asked == null) {
        close(Status.INVALID_ARGUMENT.withDescription("a call has one question"));
      } else if (!isClosed) {
        isAsked = true;
        isWorking = true;
        timeout.cancel(false);
        try {
          answering.execute(() -> work(asked));
        } catch (RejectedExecutionException _) { // the listener closes
          isWorking = false;
          isAsked = false;
          close(Status.UNAVAILABLE.withDescription("the node stops"));
        }
      }
    }

    private void work(byte[] asked) {
      try {
        if (begins()) {
          answer(asked);
        }
      } finally {
        worked();
      }
    }

    private synchronized boolean begins() {
      worker = Thread.currentThread();
      return !hasEnded;
    }

    private synchronized void worked() {
      worker = null;
      isWorking = false;
      release();
    }

    private void answer(byte[] asked) {
      byte[] answer;
      try {
        answer = service.answer(asked);
      } catch (RuntimeException | Error e) {
        LOG.atError().setCause(e).log("a question could not be answered");
        close(Status.INTERNAL.withDescription("the node could not answer; its log says why"));
        return;
      }
      send(answer);
    }

    private synchronized void send(byte[] answer) {
      if (isClosed) {
        return;
      }
      if (!hold(answer.length)) {
        close(tooManyBytes());
        return;
      }
      isClosed = true;
      call.sendHeaders(new Metadata());
      call.sendMessage(answer);
      call.close(Status.OK, new Metadata());
    }

    private synchronized void close(Status status) {
      if (!isClosed) {
        isClosed = true;
        note(call, status);
        gate.ended(call.getAttributes());
        call.close(status, isAsked ? new Metadata() : notAsked());
      }
    }

    private synchronized void giveUpUnlessAsked() {
      if (!isAsked) {
        close(
            Status.DEADLINE_EXCEEDED.withDescription(
                "the question was not here whole after " + settings.limits().questionTimeout()));
      }
    }

    /** {@return whether there is room for so many bytes more} A large one alone has always. */
    private boolean hold(int count) {
      int held = Math.min(count, settings.limits().bytesMax() - heldBytes);
      if (hasEnded || !bytes.tryAcquire(held)) {
        return false;
      }
      heldBytes += held;
      return true;
    }

    @Override
    public void onCancel() {
      end();
    }

    @Override
    public void onComplete() {
      end();
    }

    private synchronized void end() {
      if (!hasEnded) {
        hasEnded = true;
        isClosed = true;
        question = null;
        timeout.cancel(false);
        if (worker != null) {
          worker.interrupt(); // who waits for nobody need not wait
        }
        release();
      }
    }

    private void release() {
      if (hasEnded && !isWorking) {
        bytes.release(heldBytes);
        heldBytes = 0;
        calls.release();
      }
    }
  }

  /** Lets no stream take more questions: each ends when those that are there are answered. */
  void stopStreams() {
    openStreams.forEach(StreamedAnswers::stop);
  }

  /** Takes no more questions, and ends those under way after a short time. Twice does nothing. */
  @Override
  public void close() {
    server.shutdown();
    stopStreams();
    try {
      if (!server.awaitTermination(CLOSING_SECONDS_MAX, TimeUnit.SECONDS)) {
        Closing.await(server.shutdownNow()::awaitTermination);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      server.shutdownNow();
    }
    answering.shutdownNow();
    Closing.await(answering::awaitTermination);
    wiring.close();
  }
}
