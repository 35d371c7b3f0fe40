package io.khonsu.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Draws messages and records that are well formed and otherwise anything. */
public final class RandomMessages {
  private static final long[] EDGES = {127, 128, 1L << 31, (1L << 62) - 1};

  private final SplittableRandom random;
  private final List<Supplier<Message>> kinds;
  private @Nullable Ballot favourite;

  /** Draws from {@code random}. */
  public RandomMessages(SplittableRandom random) {
    this.random = random;
    this.kinds = suppliers();
  }

  private List<Supplier<Message>> suppliers() {
    return List.of(
        () -> new Message.HeartbeatRequest(number()),
        this::heartbeatReply,
        () -> new Message.PrepareRequest(ballot()),
        () -> new Message.Prepare(ballot(), number(), ballot(), number()),
        () -> new Message.Promise(ballot(), ballot(), number(), number(), maybe(this::sync)),
        () -> new Message.AcceptSync(ballot(), number(), number(), sync()),
        this::acceptDecide,
        () -> new Message.Decide(ballot(), number(), number(), number()),
        () -> new Message.Accepted(ballot(), number(), number()),
        () -> new Message.NotAccepted(ballot()),
        () -> new Message.ForwardProposals(run(), random.nextInt(5)),
        () -> new Message.ForwardReconfiguration(stopSign(), random.nextInt(5)),
        () -> new Message.FetchEntries(ballot(), number(), number()),
        () -> new Message.EntriesPage(ballot(), number(), runs()),
        () -> new Message.FetchSnapshot(snapshot(), number()),
        () -> new Message.SnapshotChunk(snapshot(), number(), number(), bytes()),
        () -> new Message.SnapshotGone(snapshot()),
        () -> new Message.Trim(ballot(), number()),
        () -> new Message.ConfirmLeader(ballot(), number()),
        () -> new Message.LeaderConfirmed(ballot(), number()),
        () -> new Message.ReadIndexRequest(number()),
        () -> new Message.ReadIndexReply(number(), number(), random.nextBoolean()),
        () -> new Message.Announce(configuration(), number(), list(this::member)),
        () -> new Message.Arrived(number()),
        () -> new Message.PullDecided(number(), number()),
        this::decidedPage);
  }

  /** {@return how many kinds there are} */
  public int kinds() {
    return kinds.size();
  }

  /** {@return a message of that kind} */
  public Message message(int kind) {
    return kinds.get(kind).get();
  }

  /** {@return an envelope with a message of any kind} */
  public Envelope envelope() {
    return envelope(message(random.nextInt(kinds.size())));
  }

  /** {@return an envelope with that message} */
  public Envelope envelope(Message message) {
    return new Envelope(random.nextLong(), number(), member(), member(), message);
  }

  /** {@return a metadata record} */
  public Metadata metadata() {
    return new Metadata(
        new Identity(random.nextLong(), member()),
        maybe(this::configuration),
        maybe(this::configuration),
        number(),
        ballot(),
        ballot(),
        number());
  }

  /** {@return a write} */
  public Persist persist() {
    return new Persist(
        number(),
        random.nextBoolean() ? Durability.SYNC : Durability.LAZY,
        maybe(this::snapshot),
        number(),
        number(),
        runs(),
        number(),
        maybe(this::metadata));
  }

  /** {@return a run of entries of one width, of several, of none, or a stop-sign} */
  public Entries run() {
    return switch (random.nextInt(5)) {
      case 0 -> Entries.fixedWidth(new byte[8 * random.nextInt(1, 20)], 8);
      case 1 -> Entries.of(array());
      case 2 -> Entries.of(stopSign());
      case 3 -> Entries.of(list(this::array));
      default -> Entries.of(List.of(array(), array(), array())).slice(1, 2);
    };
  }

  private Message heartbeatReply() {
    return new Message.HeartbeatReply(
        number(), ballot(), ballot(), random.nextBoolean(), number(), number(), number());
  }

  private Message acceptDecide() {
    return new Message.AcceptDecide(ballot(), number(), number(), number(), runs(), number());
  }

  private Message decidedPage() {
    return new Message.DecidedPage(
        number(),
        runs(),
        number(),
        number(),
        number(),
        maybe(this::configuration),
        number(),
        ballot());
  }

  private long number() {
    return switch (random.nextInt(8)) {
      case 0 -> EDGES[random.nextInt(EDGES.length)];
      case 1 -> random.nextLong(1L << 62);
      default -> random.nextLong(12);
    };
  }

  /** Draws that ballot every other time: one that the receiver knows. */
  void favour(Ballot ballot) {
    favourite = ballot;
  }

  private Ballot ballot() {
    if (favourite != null && random.nextBoolean()) {
      return favourite;
    }
    return new Ballot(random.nextLong(3), number(), random.nextInt(2), random.nextLong(5));
  }

  private Member member() {
    return new Member(random.nextLong(1, 6), random.nextLong(2));
  }

  private Configuration configuration() {
    int size = random.nextInt(1, Configuration.MEMBERS_MAX + 1);
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      members.add(new Member(i + 1L, random.nextLong(2)));
    }
    int prepare = random.nextInt(1, size + 1);
    Quorums quorums = new Quorums(prepare, random.nextInt(size - prepare + 1, size + 1));
    return new Configuration(random.nextLong(1, 6), members, quorums);
  }

  private SnapshotId snapshot() {
    long base = random.nextLong(12);
    return new SnapshotId(base + random.nextLong(1, 12), base);
  }

  private StopSign stopSign() {
    return new StopSign(configuration(), bytes());
  }

  private LogSync sync() {
    SnapshotId snapshot = maybe(this::snapshot);
    long from = snapshot == null ? random.nextLong(12) : snapshot.index();
    List<Entries> runs = runs();
    return new LogSync(snapshot, from, runs, from + Runs.count(runs) + random.nextLong(3));
  }

  private List<Entries> runs() {
    return list(this::run);
  }

  private Bytes bytes() {
    return Bytes.copyOf(array());
  }

  private byte[] array() {
    byte[] bytes = new byte[random.nextInt(20)];
    random.nextBytes(bytes);
    return bytes;
  }

  private <T> List<T> list(Supplier<T> one) {
    List<T> list = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      list.add(one.get());
    }
    return list;
  }

  private <T> @Nullable T maybe(Supplier<T> one) {
    return random.nextBoolean() ? one.get() : null;
  }
}
