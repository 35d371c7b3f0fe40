package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.khonsu.grpc.StreamedParts.Kind;
import io.khonsu.grpc.StreamedParts.Part;
import io.khonsu.spi.ClientNetwork;
import io.khonsu.spi.ClientNetwork.NotAskedException;
import io.khonsu.spi.ClientService;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Brief questions, which share a stream. */
@Timeout(120)
class QuestionStreamTest {
  private static final Duration LONG = Duration.ofMinutes(2);
  private static final ClientSettings.Limits SMALL =
      new ClientSettings.Limits(1 << 20, 8, 2 << 20, Duration.ofMillis(300));

  private final List<AutoCloseable> open = new ArrayList<>();

  @TempDir private Path directory;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private ClientListener listen(ClientSettings settings, ClientService service) throws IOException {
    ClientListener listener = ClientListener.open(settings, service);
    open.add(listener);
    return listener;
  }

  private ClientListener listen(ClientSettings.Limits limits, ClientService service)
      throws IOException {
    return listen(
        new ClientSettings(7, FreePorts.next(), Optional.empty(), PlainText.LOOPBACK, limits),
        service);
  }

  private ClientListener listen(ClientService service) throws IOException {
    return listen(ClientSettings.Limits.defaults(), service);
  }

  private ClientNetwork.Nodes connect(InetSocketAddress at, Map<String, String> settings)
      throws IOException {
    ClientNetwork.Nodes nodes =
        new GrpcClientNetwork()
            .open(List.of(new ClientNetwork.Address(at.getHostString(), at.getPort())), settings);
    open.add(nodes);
    return nodes;
  }

  private ClientNetwork.Nodes connect(ClientListener listener) throws IOException {
    return connect(listener.address(), Map.of());
  }

  private static byte[] bytes(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private static CompletableFuture<byte[]> asked(
      ClientNetwork.Nodes nodes, byte[] question, Duration timeout) {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            answer.complete(nodes.askBriefly(0, question, timeout));
          } catch (IOException | InterruptedException e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  /** Answers when the test wants it to. */
  private static final class Answering implements ClientService {
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Asked(byte[] question, CompletableFuture<byte[]> answer) {}

    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private volatile boolean isAtOnce;

    @Override
    public byte[] answer(byte[] question) {
      throw new AssertionError("nobody asks by a call of its own");
    }

    @Override
    public CompletionStage<byte[]> answer(byte[] question, Executor waiting) {
      CompletableFuture<byte[]> answer = new CompletableFuture<>();
      if (isAtOnce) {
        answer.complete(question);
      } else {
        asked.add(new Asked(question, answer));
      }
      return answer;
    }

    private void await(int count) throws InterruptedException {
      Waiting.until(count + " questions", () -> asked.size() >= count);
    }
  }

  @Test
  void manyQuestions_shareOneStream_andEachGetsItsAnswer() throws Exception {
    int count = StreamedParts.UNDER_WAY_MAX;
    Answering service = new Answering();
    ClientNetwork.Nodes nodes = connect(listen(service));
    List<CompletableFuture<byte[]>> answers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      answers.add(asked(nodes, bytes(i), LONG));
    }
    service.await(count); // far more than the calls that a connection may have
    List<Answering.Asked> asked = new ArrayList<>(service.asked);
    long seed = ThreadLocalRandom.current().nextLong();
    Collections.shuffle(asked, new Random(seed));
    asked.forEach(each -> each.answer.complete(each.question));
    for (int i = 0; i < count; i++) {
      assertThat(answers.get(i).get()).as("seed " + seed).isEqualTo(bytes(i));
    }
  }

  @Test
  void questionsOfAllSizes_areAnswered() throws Exception {
    ClientNetwork.Nodes nodes = connect(listen(question -> question));
    for (int size : List.of(0, 1, 1000, ClientNetwork.Nodes.BRIEF_BYTES_MAX)) {
      assertThat(nodes.askBriefly(0, new byte[size], LONG)).hasSize(size);
    }
  }

  @Test
  void slowAnswer_doesNotHoldUpAnother() throws Exception {
    Answering service = new Answering();
    ClientNetwork.Nodes nodes = connect(listen(service));
    var slow = asked(nodes, bytes(1), LONG);
    service.await(1);
    Answering.Asked first = service.asked.remove();
    var fast = asked(nodes, bytes(2), LONG);
    service.await(1);
    service.asked.remove().answer.complete(bytes(3));
    assertThat(fast.get()).isEqualTo(bytes(3));
    assertThat(slow).isNotDone();
    first.answer.complete(bytes(4));
    assertThat(slow.get()).isEqualTo(bytes(4));
  }

  @Test
  void serviceThatFails_failsItsQuestion_andNoOther() throws Exception {
    ClientListener listener =
        listen(question -> {
          if (question.length == 0) {
            throw new IllegalStateException("on purpose");
          }
          return question;
        });
    ClientNetwork.Nodes nodes = connect(listener);
    assertThatThrownBy(() -> nodes.askBriefly(0, new byte[0], LONG))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(NotAskedException.class)
        .hasMessageContaining("its log says why");
    assertThat(nodes.askBriefly(0, bytes(1), LONG)).isEqualTo(bytes(1));
  }

  @Test
  void nodeThatIsNotThere_wasNotAsked() throws Exception {
    ClientNetwork.Nodes nodes = connect(FreePorts.next(), Map.of());
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> nodes.askBriefly(0, bytes(1), LONG))
          .isInstanceOf(NotAskedException.class);
    }
  }

  @Test
  void nodeThatStops_mayHaveBeenAsked_andIsAskedAgainWhenItIsBack() throws Exception {
    Answering service = new Answering();
    ClientListener first = listen(service);
    InetSocketAddress at = first.address();
    ClientNetwork.Nodes nodes = connect(first);
    var lost = asked(nodes, bytes(1), LONG);
    service.await(1);
    first.close();
    assertThatThrownBy(lost::get)
        .cause()
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(NotAskedException.class);
    listen(
        new ClientSettings(
            7, at, Optional.empty(), PlainText.LOOPBACK, ClientSettings.Limits.defaults()),
        question -> question);
    Waiting.until("the node is back", () -> isAnswered(nodes));
    service.asked.forEach(each -> each.answer.complete(bytes(5))); // too late, and no harm
  }

  private static boolean isAnswered(ClientNetwork.Nodes nodes) {
    try {
      return nodes.askBriefly(0, bytes(9), LONG).length == 4;
    } catch (IOException _) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void nodeThatStops_answersWhatItHas_andTakesNothingNew() throws Exception {
    Answering service = new Answering();
    ClientListener listener = listen(service);
    ClientNetwork.Nodes nodes = connect(listener);
    var last = asked(nodes, bytes(1), LONG);
    service.await(1);
    listener.stopStreams(); // as close() does, which does not wait for long
    assertThat(isRefused(nodes, service)).isTrue();
    service.asked.forEach(each -> each.answer.complete(each.question));
    assertThat(last.get()).isEqualTo(bytes(1));
    Waiting.until("the end", () -> listener.streams() == 0);
  }

  /** {@return whether a question is not asked any more; one that is gets its answer} */
  private static boolean isRefused(ClientNetwork.Nodes nodes, Answering service)
      throws InterruptedException {
    int before = service.asked.size();
    var answer = asked(nodes, bytes(2), LONG);
    Waiting.until("it comes or not", () -> answer.isDone() || service.asked.size() > before);
    return answer.isCompletedExceptionally() && answer.exceptionNow() instanceof NotAskedException;
  }

  /** As when a store is used within a call of somebody else's, which then ends. */
  @Test
  void endOfTheCallersOwnCall_doesNotEndTheStream() throws Exception {
    Answering service = new Answering();
    ClientNetwork.Nodes nodes = connect(listen(service));
    CompletableFuture<byte[]> first = new CompletableFuture<>();
    try (var callers = Context.current().withCancellation()) {
      var _ =
          Thread.ofVirtual()
              .start(
                  callers.wrap(() -> {
                    try {
                      first.complete(nodes.askBriefly(0, bytes(1), LONG));
                    } catch (IOException | InterruptedException e) {
                      first.completeExceptionally(e);
                    }
                  }));
      service.await(1);
    }
    service.asked.remove().answer.complete(bytes(2));
    assertThat(first.get()).isEqualTo(bytes(2));
  }

  @Test
  void answerThatDoesNotCome_isGivenUp_andItsPlaceIsFree() throws Exception {
    Answering service = new Answering();
    ClientNetwork.Nodes nodes = connect(listen(service));
    var late = asked(nodes, bytes(1), Duration.ofMillis(200));
    assertThatThrownBy(late::get)
        .cause()
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(NotAskedException.class)
        .hasMessageContaining("in time");
    service.asked.remove().answer.complete(bytes(2));
    var next = asked(nodes, bytes(3), LONG);
    service.await(1);
    service.asked.remove().answer.complete(bytes(4));
    assertThat(next.get()).isEqualTo(bytes(4));
  }

  @Test
  void interruptedCaller_hearsSo() throws Exception {
    Answering service = new Answering();
    ClientNetwork.Nodes nodes = connect(listen(service));
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                var _ = nodes.askBriefly(0, bytes(1), LONG);
              } catch (IOException | InterruptedException e) {
                thrown.complete(e);
              }
            });
    service.await(1);
    caller.interrupt();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
  }

  @Test
  void moreBytesThanTheNodeTakes_areRefused_andThereIsRoomAgain() throws Exception {
    Answering service = new Answering();
    ClientListener listener = listen(SMALL, service);
    ClientNetwork.Nodes nodes = connect(listener);
    List<CompletableFuture<byte[]>> waiting = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      waiting.add(asked(nodes, new byte[256 << 10], LONG));
    }
    Waiting.until("a refusal", () -> listener.refusals() > 0);
    assertThat(service.asked).hasSizeLessThan(8);
    service.isAtOnce = true;
    service.asked.forEach(each -> each.answer.complete(bytes(1)));
    Waiting.until("room again", () -> isAnswered(nodes));
    for (CompletableFuture<byte[]> each : waiting) {
      assertThat(each.handle((answer, failure) -> answer != null || failure != null).get())
          .isTrue();
    }
  }

  /** A stranger's call, made by hand. */
  private final class Stranger extends ClientCall.Listener<byte[]> {
    private final ClientCall<byte[], byte[]> call;
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final AtomicInteger messages = new AtomicInteger();
    private final CountDownLatch isLetIn = new CountDownLatch(1);

    private Stranger(ClientListener listener) throws Exception {
      Wiring wiring =
          new Wiring("stranger", new Wiring.Security(Optional.empty(), null, PlainText.LOOPBACK));
      InetSocketAddress at = listener.address();
      ManagedChannel channel = wiring.channel(at.getHostString(), at.getPort(), 1 << 20);
      open.add(wiring);
      open.add(channel::shutdownNow);
      call = channel.newCall(StreamedParts.STREAM, CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.request(1);
    }

    @Override
    public void onHeaders(Metadata headers) {
      isLetIn.countDown();
    }

    @Override
    public void onMessage(byte[] message) {
      messages.incrementAndGet(); // and asks for no other
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 12, 13, 14})
  void bytesThatAreNoParts_endTheStream(int length) throws Exception {
    ClientListener listener = listen(question -> question);
    Stranger stranger = new Stranger(listener);
    byte[] message = new byte[length];
    if (length >= 13) {
      ByteBuffer.wrap(message).putInt(9, length == 13 ? 1 : -1);
    }
    stranger.call.sendMessage(message);
    assertThat(stranger.end.get().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(isAnswered(connect(listener))).isTrue();
  }

  @Test
  void messageThatNoClientSends_endsTheStream_beforeItIsWhole() throws Exception {
    Stranger stranger = new Stranger(listen(question -> question));
    stranger.call.sendMessage(new byte[StreamedParts.MESSAGE_BYTES_MAX + 1]);
    assertThat(stranger.end.get().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void answersOfAClient_endTheStream() throws Exception {
    for (Kind kind : List.of(Kind.ANSWER, Kind.NOT_ASKED, Kind.FAILED)) {
      Stranger stranger = new Stranger(listen(question -> question));
      stranger.call.sendMessage(StreamedParts.join(List.of(new Part(1, kind, bytes(1)))));
      assertThat(stranger.end.get().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void streamOnWhichNothingIsAsked_isEnded() throws Exception {
    Stranger stranger = new Stranger(listen(SMALL, question -> question));
    assertThat(stranger.end.get().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
  }

  @Test
  void clientThatTakesNoAnswers_getsSoManyAndNoMore() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    ClientListener listener =
        listen(
            new ClientSettings.Limits(1 << 20, 8, 8 << 20, Duration.ofSeconds(5)),
            question -> {
              asked.incrementAndGet();
              return question[3] == 1 ? new byte[100_000] : question;
            });
    Stranger stranger = new Stranger(listener);
    byte[] message = StreamedParts.join(List.of(new Part(1, Kind.QUESTION, bytes(1))));
    for (int i = 0; i < 3 * StreamedParts.UNDER_WAY_MAX; i++) {
      stranger.call.sendMessage(message);
    }
    Waiting.until("the end", () -> listener.streams() == 0); // of the connection, in the end
    assertThat(stranger.messages).hasValueLessThanOrEqualTo(1);
    assertThat(asked).hasValueLessThanOrEqualTo(StreamedParts.UNDER_WAY_MAX * 2);
    ClientNetwork.Nodes other = connect(listener);
    Waiting.until("all the room again", () -> isAnswered(other));
  }

  @Test
  void numbersThatAreUsedTwice_areTheClientsAffair() throws Exception {
    Answering service = new Answering();
    Stranger stranger = new Stranger(listen(service));
    Part part = new Part(1, Kind.QUESTION, bytes(1));
    stranger.call.sendMessage(StreamedParts.join(List.of(part, part)));
    service.await(2);
    service.asked.forEach(each -> each.answer.complete(each.question));
    Waiting.until("an answer", () -> stranger.messages.get() > 0);
    assertThat(stranger.end).isNotDone();
  }

  @Test
  void certificates_tellClientsFromNodes() throws Exception {
    TestCertificates authority = new TestCertificates(directory.resolve("one"));
    TlsFiles node = authority.signed("node", "khonsu://7/node/1");
    TlsFiles client = authority.signed("client", "khonsu://7/client/alice");
    ClientListener listener = listen(secure(node), question -> question);
    assertThat(connect(listener.address(), files(client)).askBriefly(0, bytes(1), LONG)).hasSize(4);
    assertThatThrownBy(() -> connect(listener.address(), files(node)).askBriefly(0, bytes(1), LONG))
        .isInstanceOf(NotAskedException.class)
        .hasMessageContaining("khonsu://7/client/");
    Set<Integer> seen = new HashSet<>();
    ClientListener impostor =
        listen(
            secure(client),
            question -> {
              seen.add(question.length);
              return question;
            });
    assertThatThrownBy(
            () -> connect(impostor.address(), files(client)).askBriefly(0, bytes(1), LONG))
        .isInstanceOf(NotAskedException.class)
        .hasMessageContaining("not that of a node");
    assertThat(seen).isEmpty();
  }

  private static ClientSettings secure(TlsFiles files) {
    return new ClientSettings(
        7,
        FreePorts.next(),
        Optional.of(files),
        PlainText.LOOPBACK,
        ClientSettings.Limits.defaults());
  }

  private static Map<String, String> files(TlsFiles files) {
    return Map.of(
        "tls.certificate", files.certificate().toString(),
        "tls.key", files.key().toString(),
        "tls.authorities", files.authorities().toString());
  }
}
