package io.khonsu.grpc;

import static io.khonsu.grpc.StreamedParts.MESSAGE_BYTES_MAX;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.khonsu.grpc.StreamedParts.Kind;
import io.khonsu.grpc.StreamedParts.Part;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A call of many brief questions, as a node answers it. A question holds its share of the node's
 * limits until it is answered, and an answer until it was handed to the network.
 */
final class StreamedAnswers extends ServerCall.Listener<byte[]> {
  private static final Logger LOG = LoggerFactory.getLogger(StreamedAnswers.class);

  /** Bytes that wait in the network's own buffers before answers wait here instead. */
  private static final int NETWORK_BYTES = 128 << 10;

  /** Answers that a client does not take, beyond those that it may wait for. */
  private static final int NOT_TAKEN_MAX = StreamedParts.UNDER_WAY_MAX;

  /** What a question takes beside its bytes, about. */
  private static final int QUESTION_BYTES = 4 << 10;

  /** A call on which so little happens is ended; whoever asks again begins another one. */
  private static final Duration IDLE_MAX = Duration.ofMinutes(1);

  private final ServerCall<byte[], byte[]> call;
  private final ClientListener listener;
  private final Repeated sending;
  private final Queue<Outgoing> queue = new ConcurrentLinkedQueue<>();
  private final ReentrantLock lock = new ReentrantLock();

  /** Questions whose answer was not handed to the network. */
  @GuardedBy("lock")
  private int underWay;

  /** Of a message that is not here whole. */
  @GuardedBy("lock")
  private int arrivingBytes;

  /** When that began, or the last message came. */
  @GuardedBy("lock")
  private long changedNanos = System.nanoTime();

  @GuardedBy("lock")
  private boolean wasAsked;

  @GuardedBy("lock")
  private boolean isStopping;

  @GuardedBy("lock")
  private boolean isClosed;

  @GuardedBy("lock")
  private boolean hasEnded;

  /** A part that waits for the network, and how many bytes it holds. */
  private record Outgoing(Part part, int heldBytes) {}

  /** Takes over a call that the listener has counted, on the network's thread. */
  StreamedAnswers(ServerCall<byte[], byte[]> call, ClientListener listener) {
    this.call = call;
    this.listener = listener;
    this.sending = new Repeated(listener.networkThread(), this::send);
  }

  /** Lets the client ask. */
  void begin() {
    ArrivingBytes.tell(this::arrived);
    call.setOnReadyThreshold(NETWORK_BYTES);
    call.sendHeaders(new Metadata());
    call.request(1);
    look();
  }

  private void arrived(int count) {
    if (!listener.hold(count)) {
      close(listener.tooManyBytes());
    } else if (!counts(count)) {
      listener.release(count);
    } else if (isTooLarge()) {
      close(
          Status.RESOURCE_EXHAUSTED.withDescription(
              "a message of a stream has more than %d bytes".formatted(MESSAGE_BYTES_MAX)));
    }
  }

  /** {@return whether what has arrived is given back by what becomes of its message} */
  private boolean counts(int count) {
    lock.lock();
    try {
      if (!hasEnded) {
        changedNanos = arrivingBytes == 0 ? System.nanoTime() : changedNanos;
        arrivingBytes += count;
      }
      return !hasEnded;
    } finally {
      lock.unlock();
    }
  }

  private boolean isTooLarge() {
    lock.lock();
    try {
      return arrivingBytes > MESSAGE_BYTES_MAX;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onMessage(byte[] message) {
    lock.lock();
    try {
      int arrived = Math.min(arrivingBytes, message.length);
      arrivingBytes -= arrived;
      listener.release(arrived);
      changedNanos = System.nanoTime();
      wasAsked = true;
      if (isClosed) {
        return; // nobody would hear the answers
      }
    } finally {
      lock.unlock();
    }
    try {
      for (Part part : StreamedParts.split(message)) {
        if (part.kind() != Kind.QUESTION) {
          throw new IllegalArgumentException("a client asks, but this is of " + part.kind());
        }
        asked(part);
      }
    } catch (IllegalArgumentException e) {
      close(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
      return;
    }
    call.request(1);
  }

  private void asked(Part question) {
    int count = count();
    int size = question.bytes().length + QUESTION_BYTES;
    if (isStopping()) {
      refuse(question, Status.UNAVAILABLE.withDescription("the node stops"));
    } else if (count > StreamedParts.UNDER_WAY_MAX + NOT_TAKEN_MAX) {
      close(listener.tooManyQuestions(StreamedParts.UNDER_WAY_MAX));
    } else if (count > StreamedParts.UNDER_WAY_MAX) {
      refuse(question, listener.tooManyQuestions(StreamedParts.UNDER_WAY_MAX));
    } else if (!listener.hold(size)) {
      refuse(question, listener.tooManyBytes());
    } else {
      ask(question, size);
    }
  }

  private int count() {
    lock.lock();
    try {
      return ++underWay;
    } finally {
      lock.unlock();
    }
  }

  private void refuse(Part question, Status why) {
    listener.note(call, why);
    answer(question, Kind.NOT_ASKED, String.valueOf(why.getDescription()));
  }

  private void ask(Part question, int heldBytes) {
    try {
      var _ =
          listener
              .service()
              .answer(question.bytes(), listener.answering())
              .whenComplete((answer, failure) -> {
                listener.release(heldBytes);
                answered(question, answer, failure);
              });
    } catch (RejectedExecutionException _) { // the listener closes
      listener.release(heldBytes);
      answer(question, Kind.NOT_ASKED, "the node stops");
    } catch (RuntimeException | Error e) {
      listener.release(heldBytes);
      answered(question, null, e);
    }
  }

  private void answered(Part question, byte @Nullable [] answer, @Nullable Throwable failure) {
    if (failure != null || answer == null) {
      Throwable why = failure instanceof CompletionException e ? e.getCause() : failure;
      LOG.atError().setCause(why).log("a question could not be answered");
      answer(question, Kind.FAILED, "the node could not answer; its log says why");
    } else if (listener.hold(answer.length)) {
      add(new Outgoing(new Part(question.number(), Kind.ANSWER, answer), answer.length));
    } else {
      answer(question, Kind.FAILED, String.valueOf(listener.tooManyBytes().getDescription()));
    }
  }

  private void answer(Part question, Kind kind, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    add(new Outgoing(new Part(question.number(), kind, bytes), 0));
  }

  private void add(Outgoing outgoing) {
    queue.add(outgoing);
    sending.ask();
  }

  private void send() {
    boolean isDone;
    lock.lock();
    try {
      while (!queue.isEmpty() && (isClosed || call.isReady())) {
        List<Part> parts = next();
        if (!isClosed) {
          call.sendMessage(StreamedParts.join(parts));
        }
      }
      isDone = isStopping && underWay == 0;
    } finally {
      lock.unlock();
    }
    if (isDone) {
      close(Status.UNAVAILABLE.withDescription("the node stops"));
    }
  }

  /** Takes no more questions, and ends when those that are here are answered. */
  void stop() {
    lock.lock();
    try {
      isStopping = true;
    } finally {
      lock.unlock();
    }
    sending.ask();
  }

  private boolean isStopping() {
    lock.lock();
    try {
      return isStopping;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private List<Part> next() {
    List<Part> parts = new ArrayList<>();
    int bytes = 0;
    for (Outgoing outgoing = queue.peek(); outgoing != null; outgoing = queue.peek()) {
      if (bytes > 0 && bytes + outgoing.part.sizeBytes() > MESSAGE_BYTES_MAX) {
        break;
      }
      var _ = queue.remove(); // nobody else takes any
      underWay--;
      listener.release(outgoing.heldBytes);
      parts.add(outgoing.part);
      bytes += outgoing.part.sizeBytes();
    }
    return parts;
  }

  @Override
  public void onReady() {
    sending.ask();
  }

  /** Ends the call if it is of no use, or looks again later. */
  private void look() {
    Status why = null;
    lock.lock();
    try {
      if (isClosed) {
        return;
      }
      Duration age = Duration.ofNanos(System.nanoTime() - changedNanos);
      if ((arrivingBytes > 0 || !wasAsked) && age.compareTo(listener.questionTimeout()) >= 0) {
        why =
            Status.DEADLINE_EXCEEDED.withDescription(
                "no question was here whole within " + listener.questionTimeout());
      } else if (underWay == 0 && age.compareTo(IDLE_MAX) >= 0) {
        why = Status.UNAVAILABLE.withDescription("nothing was asked for a while");
      }
    } finally {
      lock.unlock();
    }
    if (why != null) {
      close(why);
    } else {
      listener.later(this::look);
    }
  }

  private void close(Status status) {
    lock.lock();
    try {
      if (isClosed) {
        return;
      }
      isClosed = true;
      call.close(status, new Metadata());
    } finally {
      lock.unlock();
    }
    listener.note(call, status);
    listener.letGo(call);
    sending.ask();
  }

  @Override
  public void onHalfClose() {
    close(Status.INVALID_ARGUMENT.withDescription("a client ends its call by cancelling it"));
  }

  @Override
  public void onCancel() {
    end();
  }

  @Override
  public void onComplete() {
    end();
  }

  private void end() {
    lock.lock();
    try {
      if (hasEnded) {
        return;
      }
      hasEnded = true;
      isClosed = true;
      listener.release(arrivingBytes);
      arrivingBytes = 0;
    } finally {
      lock.unlock();
    }
    listener.ended(this);
    sending.ask(); // what waits is let go of
  }
}
