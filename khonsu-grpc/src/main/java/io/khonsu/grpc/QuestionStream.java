package io.khonsu.grpc;

import static io.khonsu.grpc.StreamedParts.MESSAGE_BYTES_MAX;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.khonsu.grpc.StreamedParts.Kind;
import io.khonsu.grpc.StreamedParts.Part;
import io.khonsu.spi.ClientNetwork.NotAskedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A call to a node that many brief questions share: what is asked while the network is busy with
 * what was asked before goes as one message. Once it has ended it takes no more, and another one
 * has to be begun. Thread-safe.
 */
final class QuestionStream extends ClientCall.Listener<byte[]> {
  /** Bytes that wait in the network's own buffers before questions wait here instead. */
  private static final int NETWORK_BYTES = 128 << 10;

  private final ClientCall<byte[], byte[]> call;
  private final Wiring wiring;
  private final Semaphore room = new Semaphore(StreamedParts.UNDER_WAY_MAX);
  private final AtomicLong lastNumber = new AtomicLong();

  /** By number, those that somebody waits for. */
  private final Map<Long, Question> underWay = new ConcurrentHashMap<>();

  private final Queue<Question> queue = new ConcurrentLinkedQueue<>();

  /** Once a node has let this in; before, nothing is sent. */
  private volatile @Nullable Repeated sending;

  private final ReentrantLock lock = new ReentrantLock();

  /** Why nothing is sent any more. */
  private volatile @Nullable IOException end;

  private volatile long usedNanos = System.nanoTime();

  private enum State {
    WAITS,
    HAS_LEFT,
    GIVEN_UP
  }

  /** A question, which either leaves or is given up. */
  private static final class Question {
    private final long number;

    /** In the nanoseconds of {@link System#nanoTime}. */
    private final long deadline;

    private final CompletableFuture<byte[]> result = new CompletableFuture<>();
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITS);

    /** Null once it is given up: it may be in the queue for a while yet. */
    private volatile byte @Nullable [] bytes;

    private Question(long number, long deadline, byte[] bytes) {
      this.number = number;
      this.deadline = deadline;
      this.bytes = bytes;
    }

    private @Nullable Part part() {
      byte[] asked = bytes;
      return asked == null ? null : new Part(number, Kind.QUESTION, asked);
    }

    private boolean leaves() {
      return state.compareAndSet(State.WAITS, State.HAS_LEFT);
    }

    /** {@return whether nobody can have got it, nor will} */
    private boolean giveUp() {
      if (state.compareAndSet(State.WAITS, State.GIVEN_UP)) {
        bytes = null;
      }
      return state.get() == State.GIVEN_UP;
    }

    private void fail(String why, @Nullable Throwable cause) {
      result.completeExceptionally(
          giveUp() ? new NotAskedException(why, cause) : new IOException(why, cause));
    }
  }

  /** Begins to connect. */
  QuestionStream(ManagedChannel channel, Wiring wiring) {
    this.wiring = wiring;
    CallOptions options = CallOptions.DEFAULT.withOnReadyThreshold(NETWORK_BYTES);
    this.call = channel.newCall(StreamedParts.STREAM, options);
  }

  void begin() {
    call.start(this, new Metadata());
    call.request(2);
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param deadline in the nanoseconds of {@link System#nanoTime}; seen by {@link #expire}
   * @return null if the stream has ended before, and another one must be begun
   */
  byte @Nullable [] ask(byte[] bytes, long deadline) throws IOException, InterruptedException {
    if (!room.tryAcquire()
        && !room.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      throw new NotAskedException("too many questions wait for an answer", null);
    }
    Question question = new Question(lastNumber.incrementAndGet(), deadline, bytes);
    try {
      underWay.put(question.number, question);
      if (end != null && question.giveUp()) {
        return null;
      }
      queue.add(question);
      sendSoon();
      return await(question);
    } finally {
      underWay.remove(question.number);
      room.release();
    }
  }

  /** Waits without a time of its own: a timer for each would cost more than the question. */
  private static byte[] await(Question question) throws IOException, InterruptedException {
    try {
      return question.result.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException why ? why : new IOException(e);
    } catch (InterruptedException e) {
      var _ = question.giveUp();
      throw e;
    }
  }

  /** Ends the wait for answers that did not come in time; to be called again and again. */
  void expire() {
    long now = System.nanoTime();
    for (Question question : underWay.values()) {
      if (now - question.deadline >= 0) {
        question.fail("no answer came in time", null);
      }
    }
  }

  private void sendSoon() {
    Repeated open = sending;
    if (open != null) {
      open.ask();
    }
  }

  private void send() {
    try {
      sendAll();
    } catch (RuntimeException | Error e) {
      end(new IOException("a question could not be sent", e), true);
      throw e;
    }
  }

  private void sendAll() {
    lock.lock();
    try {
      while (end == null && call.isReady() && !queue.isEmpty()) {
        List<Part> parts = next();
        if (!parts.isEmpty()) {
          usedNanos = System.nanoTime();
          call.sendMessage(StreamedParts.join(parts));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private List<Part> next() {
    List<Part> parts = new ArrayList<>();
    int bytes = 0;
    for (Question next = queue.peek(); next != null; next = queue.peek()) {
      Part part = next.part();
      if (part != null && bytes > 0 && bytes + part.sizeBytes() > MESSAGE_BYTES_MAX) {
        break;
      }
      var _ = queue.remove(); // nobody else takes any
      if (part != null && next.leaves()) {
        parts.add(part);
        bytes += part.sizeBytes();
      }
    }
    return parts;
  }

  @Override
  public void onHeaders(Metadata headers) {
    if (!GrpcClientNetwork.isNode(wiring, call)) {
      end(new IOException(GrpcClientNetwork.NO_NODE), true);
      return;
    }
    sending = new Repeated(wiring.networkThread(), this::send);
    sendSoon();
  }

  @Override
  public void onReady() {
    sendSoon();
  }

  @Override
  public void onMessage(byte[] message) {
    try {
      StreamedParts.split(message).forEach(this::answered);
      call.request(1);
    } catch (IllegalArgumentException e) {
      end(new IOException("a node gave no answer of this version", e), true);
    }
  }

  private void answered(Part part) {
    Question question = underWay.get(part.number());
    if (question == null) {
      return; // nobody waits any more
    }
    usedNanos = System.nanoTime();
    switch (part.kind()) {
      case ANSWER -> question.result.complete(part.bytes());
      case NOT_ASKED ->
          question.result.completeExceptionally(new NotAskedException(text(part), null));
      case FAILED -> question.result.completeExceptionally(new IOException(text(part)));
      case QUESTION -> throw new IllegalArgumentException("a node asks a question");
    }
  }

  private static String text(Part part) {
    return new String(part.bytes(), StandardCharsets.UTF_8);
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    end(new IOException(GrpcClientNetwork.describe(status)), false);
  }

  /** Ends it if nothing was asked for a while, and nobody waits. */
  void endIfIdle(Duration forSoLong) {
    lock.lock();
    try {
      if (underWay.isEmpty() && System.nanoTime() - usedNanos > forSoLong.toNanos()) {
        end(new IOException("the stream was not used"), true);
      }
    } finally {
      lock.unlock();
    }
  }

  private void end(IOException why, boolean cancels) {
    lock.lock();
    try {
      if (end != null) {
        return;
      }
      end = why;
    } finally {
      lock.unlock();
    }
    queue.clear();
    String message = String.valueOf(why.getMessage());
    underWay.values().forEach(question -> question.fail(message, why));
    if (cancels) {
      cancel(message, why);
    }
  }

  private void cancel(String message, IOException why) {
    lock.lock(); // nobody sends meanwhile
    try {
      call.cancel(message, why);
    } finally {
      lock.unlock();
    }
  }

  /** {@return why it has ended, or null} */
  @Nullable IOException end() {
    return end;
  }
}
