package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.spi.Mutation;
import io.khonsu.testkit.LeakChecking;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whatever a client says, a node gives an answer, and nothing else happens. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class ClientDoorTest {
  /** {@return the answer to a question that came over a stream} */
  private static RemoteAnswer soon(ClientDoor door, RemoteQuestion question) {
    byte[] answer = door.answer(question.encode(5), Runnable::run).toCompletableFuture().join();
    return RemoteAnswer.decode(answer).answer();
  }

  private static RemoteAnswer ask(ClientDoor door, RemoteQuestion question) {
    return RemoteAnswer.decode(door.answer(question.encode(0))).answer();
  }

  private static KeyInterval interval(int from, int to) {
    return new KeyInterval(Key.of(Table.prefixOf(from)), Key.of(Table.prefixOf(to)));
  }

  @Test
  void badQuestions_areRefused_withAReason(BufferAllocator allocator) throws Exception {
    try (ClientCluster cluster = new ClientCluster(1, allocator)) {
      ClientDoor door = cluster.member(1).clientDoor();
      Khonsu node = cluster.member(1).store();
      Table table = Items.rows(node, "items");
      long version = node.newestVersion();
      int id = table.id();

      byte[] newer = new RemoteQuestion.OpenSession().encode(0);
      newer[0]++;
      assertThat(RemoteAnswer.decode(door.answer(newer)).answer())
          .isInstanceOfSatisfying(
              RemoteAnswer.Refused.class,
              refused -> assertThat(refused.message()).contains("version 3", "update"));
      byte[] otherCluster = new RemoteQuestion.OpenSession().encode(99);
      assertThat(RemoteAnswer.decode(door.answer(otherCluster)).answer())
          .isInstanceOfSatisfying(
              RemoteAnswer.Refused.class,
              refused -> assertThat(refused.message()).contains("99", "correct the address"));
      assertThat(ask(door, new RemoteQuestion.Items(version + (1L << 40), List.of())))
          .isInstanceOf(RemoteAnswer.Unavailable.class);
      assertThat(ask(door, new RemoteQuestion.Items(-5, List.of())))
          .isInstanceOf(RemoteAnswer.TooOld.class);
      assertThat(ask(door, new RemoteQuestion.Items(version, List.of(Key.of(Table.prefixOf(77))))))
          .isInstanceOf(RemoteAnswer.Dropped.class);
      assertThat(
              ask(
                  door,
                  new RemoteQuestion.Range(version, interval(id, id + 5), new byte[0], false)))
          .isInstanceOf(RemoteAnswer.Refused.class);
      byte[] filter = "no filter".getBytes(StandardCharsets.UTF_8);
      assertThat(ask(door, new RemoteQuestion.Range(version, interval(id, id + 1), filter, false)))
          .isInstanceOf(RemoteAnswer.Refused.class);
      assertThat(soon(door, new RemoteQuestion.Range(version, interval(id, id + 1), filter, false)))
          .isInstanceOf(RemoteAnswer.Refused.class);
      assertThat(soon(door, new RemoteQuestion.Items(version, List.of())))
          .isInstanceOf(RemoteAnswer.Refused.class);
      assertThat(soon(door, new RemoteQuestion.Commit(1L << 40, 1, 1, new byte[3])))
          .isInstanceOf(RemoteAnswer.Refused.class);
      assertThat(soon(door, new RemoteQuestion.Commit(500, 1, 1, new byte[3])))
          .isInstanceOf(RemoteAnswer.NoSession.class);
      assertThat(soon(door, new RemoteQuestion.Newest(0, 0)))
          .isInstanceOf(RemoteAnswer.Versions.class);
      assertThat(ask(door, new RemoteQuestion.Changed(new byte[3], 1)))
          .isInstanceOf(RemoteAnswer.Refused.class);
      assertThat(ask(door, new RemoteQuestion.Commit(1L << 40, 1, 1, new byte[3])))
          .isInstanceOf(RemoteAnswer.Refused.class);
      assertThat(ask(door, new RemoteQuestion.Commit(500, 1, 1, new byte[3])))
          .isInstanceOf(RemoteAnswer.NoSession.class);
      assertThat(ask(door, new RemoteQuestion.Commit(1, 1, 1, new byte[17 << 20])))
          .isInstanceOf(RemoteAnswer.TooLarge.class);
      assertThat(node.statistics().held().openViews()).isZero();
    }
  }

  @Test
  void requestsThatAreGarbage_areDecidedAsSuch_byEveryNode(BufferAllocator allocator)
      throws Exception {
    try (ClientCluster cluster = new ClientCluster(1, allocator)) {
      ClientDoor door = cluster.member(1).clientDoor();
      long session = ((RemoteAnswer.Opened) ask(door, new RemoteQuestion.OpenSession())).session();
      RemoteAnswer answer = ask(door, new RemoteQuestion.Commit(session, 1, 1, new byte[] {9, 9}));
      assertThat(answer).isInstanceOf(RemoteAnswer.Decided.class);
      assertThat(CommitAnswer.decode(((RemoteAnswer.Decided) answer).answer()))
          .isInstanceOfSatisfying(
              CommitAnswer.Refused.class,
              refused -> assertThat(refused.reason()).isEqualTo(CommitAnswer.Reason.MALFORMED));
      Table items = Items.rows(cluster.member(1).store(), "items"); // it goes on
      Mutation made =
          new Mutation.CreateTable(
              Integer.MAX_VALUE, TableSpec.rows("made", Items.ROW).primaryKey("id"));
      Mutation dropped = new Mutation.DropTable(items.id());
      long now = cluster.member(1).store().newestVersion();
      assertMalformed(
          door, session, 2, request(now, Map.of(ConflictStrategy.FAIL, List.of(made, made))));
      assertMalformed(
          door, session, 3, request(now, Map.of(ConflictStrategy.FAIL, List.of(dropped, made))));
      assertMalformed(
          door, session, 4, request(now, Map.of(ConflictStrategy.IGNORE, List.of(dropped))));
      assertThat(cluster.member(1).store().tables()).containsExactly(items);
      Items.rows(cluster.member(1).store(), "others");
    }
  }

  private static byte[] request(long version, Map<ConflictStrategy, List<Mutation>> writes) {
    return new EncodedRequest(
            IsolationLevel.SERIALIZABLE,
            version,
            List.of(),
            List.of(),
            List.of(),
            EncodedRequest.changes(writes),
            List.of())
        .encode();
  }

  private static void assertMalformed(ClientDoor door, long session, long number, byte[] request) {
    RemoteAnswer answer = ask(door, new RemoteQuestion.Commit(session, number, number, request));
    assertThat(CommitAnswer.decode(((RemoteAnswer.Decided) answer).answer()))
        .isInstanceOfSatisfying(
            CommitAnswer.Refused.class,
            refused -> assertThat(refused.reason()).isEqualTo(CommitAnswer.Reason.MALFORMED));
  }

  @Test
  void sessionsOfOneNode_haveABound(BufferAllocator allocator) throws Exception {
    try (ClientCluster cluster = new ClientCluster(1, allocator)) {
      ClientDoor door = cluster.member(1).clientDoor();
      int opened = 0;
      RemoteAnswer answer;
      do {
        answer = ask(door, new RemoteQuestion.OpenSession());
        opened++;
      } while (answer instanceof RemoteAnswer.Opened && opened < 10_000);
      assertThat(answer)
          .isInstanceOfSatisfying(
              RemoteAnswer.Unavailable.class,
              unavailable -> assertThat(unavailable.reason()).contains("4096 sessions"));
    }
  }

  @Test
  void commitsThatThereIsNoMemoryFor_areRefused_andDeletionsAreNot(BufferAllocator allocator)
      throws Exception {
    try (ClientCluster cluster = new ClientCluster(1, allocator, 5, 4 << 20)) {
      ClientDoor door = cluster.member(1).clientDoor();
      ReplicatedStore replica = cluster.member(1).manager().replicatedStore();
      Khonsu node = replica.store();
      Table table = Items.rows(node, "items");
      long session = ((RemoteAnswer.Opened) ask(door, new RemoteQuestion.OpenSession())).session();
      List<byte[]> requests = new ArrayList<>(); // made while there is memory to make them
      for (long i = 0; i < 12; i++) {
        requests.add(rows(replica, table, i));
      }
      RemoteAnswer answer;
      int number = 0;
      do {
        byte[] request = asOf(node.newestVersion(), requests.get(number));
        number++;
        answer = ask(door, commit(session, number, request));
      } while (answer instanceof RemoteAnswer.Decided);
      assertThat(answer)
          .isInstanceOfSatisfying(
              RemoteAnswer.Unavailable.class,
              unavailable ->
                  assertThat(unavailable.reason())
                      .contains("memory is used up", "delete something", "store.memoryLimitBytes"));
      assertThat(number).isBetween(3, 11);
      RemoteAnswer deleted = ask(door, commit(session, number, deletions(replica, table)));
      assertThat(ReplicatedStore.committedVersion(((RemoteAnswer.Decided) deleted).answer()))
          .isNotNull();
      assertThat(cluster.member(1).manager().failure()).isNull();
    }
  }

  private static RemoteQuestion.Commit commit(long session, long number, byte[] request) {
    return new RemoteQuestion.Commit(session, number, number, request);
  }

  /** {@return a request to add many rows} */
  private static byte[] rows(ReplicatedStore replica, Table table, long number) {
    try (Transaction tx = replica.store().begin(TransactionOptions.readCommitted())) {
      for (int i = 0; i < 20_000; i++) {
        tx.upsert(table, table.row(number + "/" + i, (long) i));
      }
      return replica.request(tx);
    }
  }

  private static byte[] asOf(long version, byte[] request)
      throws EncodedRequest.MalformedException {
    Map<ConflictStrategy, List<Mutation>> writes = new EnumMap<>(ConflictStrategy.class);
    EncodedRequest.decode(request)
        .writes()
        .forEach((strategy, changes) -> writes.put(strategy, changes.mutations()));
    return request(version, writes);
  }

  private static byte[] deletions(ReplicatedStore replica, Table table) {
    try (Transaction tx = replica.store().begin(TransactionOptions.readCommitted())) {
      for (int i = 0; i < 20_000; i++) {
        tx.delete(table, "0/" + i);
      }
      return replica.request(tx);
    }
  }

  @Test
  void answersOfKeys_haveABoundInBytes(BufferAllocator allocator) throws Exception {
    try (ClientCluster cluster = new ClientCluster(1, allocator)) {
      ClientDoor door = cluster.member(1).clientDoor();
      Khonsu node = cluster.member(1).store();
      Table table = Items.rows(node, "items");
      int count = 6_000; // of a thousand bytes each
      node.run(tx -> {
        for (int i = 0; i < count; i++) {
          tx.upsert(table, table.row("x".repeat(994) + (100_000 + i), 1L));
        }
      });
      Key from = Key.of(Table.prefixOf(table.id()));
      int found = 0;
      int answers = 0;
      while (from != null) {
        KeyInterval rest = new KeyInterval(from, Key.of(Table.prefixOf(table.id() + 1)));
        var asked = new RemoteQuestion.Range(node.newestVersion(), rest, new byte[0], true);
        byte[] answer = door.answer(asked.encode(0));
        assertThat(answer.length).isLessThan((4 << 20) + (512 << 10)); // and a block of the index
        var names = (RemoteAnswer.Names) RemoteAnswer.decode(answer).answer();
        found += names.keys().size();
        from = names.next();
        answers++;
      }
      assertThat(found).isEqualTo(count);
      assertThat(answers).isEqualTo(2);
    }
  }

  @Test
  void randomBytes_andCutQuestions_areAnswered(BufferAllocator allocator) throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    try (ClientCluster cluster = new ClientCluster(1, allocator)) {
      ClientDoor door = cluster.member(1).clientDoor();
      Table table = Items.rows(cluster.member(1).store(), "items");
      long version = cluster.member(1).store().newestVersion();
      List<byte[]> whole =
          List.of(
              new RemoteQuestion.Newest(0, RemoteQuestion.Newest.KNOWN_THERE).encode(5),
              new RemoteQuestion.Items(version, List.of(table.key("a"), table.key("b"))).encode(5),
              new RemoteQuestion.Range(
                      version, interval(table.id(), table.id() + 1), new byte[0], true)
                  .encode(5));
      for (int i = 0; i < 2_000; i++) {
        byte[] bytes = whole.get(random.nextInt(whole.size())).clone();
        switch (random.nextInt(3)) {
          case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
          case 1 -> bytes[random.nextInt(10, bytes.length)] ^= (byte) (1 << random.nextInt(8));
          default -> random.nextBytes(bytes);
        }
        if (bytes.length > 9 && (bytes[9] == 5 || bytes[9] == 6 || bytes[9] == 4)) {
          continue; // a session, a commit, a wait
        }
        assertThat(RemoteAnswer.decode(door.answer(bytes)).clusterId())
            .as("seed " + seed)
            .isEqualTo(5);
      }
      assertThat(cluster.member(1).store().statistics().held().openViews()).isZero();
    }
  }
}
