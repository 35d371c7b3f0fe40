package io.khonsu.server.torture;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.khonsu.Khonsu;
import io.khonsu.StoreException;
import io.khonsu.TableExistsException;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.server.history.KhonsuLists;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import io.khonsu.testkit.history.ListAppendStore;
import io.khonsu.testkit.history.Operation;
import io.khonsu.testkit.history.TransactionGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Clients on a node that append to lists and read them, one transaction after another for as long
 * as the node runs, and note what they do and see in a {@link ClientLog}.
 */
public final class ListClients {
  /** How many a node has. */
  static final int CLIENTS = 3;

  private static final int KEYS = 6;
  private static final int OPERATIONS_MAX = 4;

  /** More clients than there ever are, so that no two append the same. */
  private static final int CLIENTS_MAX = 1 << 20;

  private static final int NODES_MAX = 16;

  /** After so long all clients go on to other lists, so that lists stay short. */
  private static final long KEYS_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final Duration PAUSE = Duration.ofMillis(5);

  private final ClusterMember member;
  private final FileChannel file;
  private final long seed;

  private ListClients(ClusterMember member, FileChannel file, long seed) {
    this.member = member;
    this.file = file;
    this.seed = seed;
  }

  /** {@return where the clients of a node note what they do, beside its disk} */
  public static Path log(Path disk) {
    return disk.resolveSibling(disk.getFileName() + ".clients");
  }

  /**
   * Starts the clients of a node, on threads that end with it.
   *
   * @param disk the node's directory
   * @param seed of what they do
   * @param crashed is told what a client has ended by, which is to end the node: its log stops
   *     where the client did, and would tell of a client that had nothing more to do
   */
  public static void start(
      ClusterMember member, Path disk, long seed, Thread.UncaughtExceptionHandler crashed)
      throws IOException {
    Path path = log(disk);
    long life = life(path.resolveSibling(path.getFileName() + ".lives"));
    FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    ListClients clients = new ListClients(member, file, seed);
    for (int i = 0; i < CLIENTS; i++) {
      long client = (life * CLIENTS + i) * NODES_MAX + member.status().node();
      Thread.ofPlatform()
          .daemon()
          .name("khonsu-client-" + i)
          .uncaughtExceptionHandler(crashed)
          .start(() -> clients.run(client));
    }
  }

  /** {@return how often the node's clients were started before} */
  private static long life(Path lives) throws IOException {
    long before = Files.exists(lives) ? Files.size(lives) : 0;
    Files.writeString(lives, "x", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    return before;
  }

  private void run(long client) {
    TransactionGenerator generator =
        new TransactionGenerator(
            new SplittableRandom(seed + client),
            TransactionGenerator.Mix.LIST_APPEND,
            KEYS,
            OPERATIONS_MAX,
            Math.toIntExact(client % CLIENTS_MAX),
            CLIENTS_MAX);
    ListAppendStore lists = null;
    boolean goesOn = true;
    while (goesOn) {
      lists = lists == null ? lists(member.store()) : lists;
      if (lists != null) {
        run(client, lists, operations(generator.next()));
      }
      goesOn = pause();
    }
  }

  /** {@return the lists, or null if they cannot be found or made now: try again} */
  private static @Nullable ListAppendStore lists(Khonsu store) {
    try {
      store.readOnly(_ -> true); // brings what other nodes made
      return KhonsuLists.in(store);
    } catch (StoreException | TableExistsException _) {
      return null; // no leader yet, or another node has just made them
    }
  }

  /** {@return the operations, on those lists which everybody uses now} */
  private static List<Operation> operations(List<Operation> drawn) {
    long first = System.nanoTime() / KEYS_NANOS * KEYS;
    List<Operation> operations = new ArrayList<>();
    for (Operation operation : drawn) {
      long key = first + operation.key() % KEYS;
      operations.add(
          operation instanceof Operation.Append(long _, long value)
              ? new Operation.Append(key, value)
              : new Operation.ReadList(key, null));
    }
    return operations;
  }

  private void run(long client, ListAppendStore lists, List<Operation> operations) {
    note(ClientLog.begin(client, System.nanoTime(), operations));
    CommitReport report = null;
    List<Operation> executed = new ArrayList<>();
    Long snapshot = null;
    try {
      ListAppendStore.Session session = lists.begin(Level.SERIALIZABLE);
      for (Operation operation : operations) {
        executed.add(execute(session, operation));
      }
      snapshot = session.snapshotVersion();
      report = new CommitReport.Unknown("the commit has begun");
      report = session.commit();
    } catch (StoreException e) {
      // Before the commit it failed. A commit that throws, rather than reports, may be anything.
      report = report == null ? new CommitReport.Refused(String.valueOf(e.getMessage())) : report;
    }
    long nanos = System.nanoTime();
    note(
        switch (report) {
          case CommitReport.Committed(Long version) ->
              ClientLog.committed(client, nanos, version, snapshot, executed);
          case CommitReport.Refused _ -> ClientLog.failed(client, nanos);
          case CommitReport.Unknown _ -> ClientLog.unknown(client, nanos);
        });
  }

  static Operation execute(ListAppendStore.Session session, Operation operation) {
    if (operation instanceof Operation.Append(long key, long value)) {
      session.append(key, value);
      return operation;
    }
    return new Operation.ReadList(operation.key(), session.read(operation.key()));
  }

  /** {@return whether to go on} */
  private static boolean pause() {
    try {
      Thread.sleep(PAUSE);
      return true;
    } catch (InterruptedException _) {
      return false;
    }
  }

  /** One write a line: lines of several threads do not mix, and what was written stays. */
  private void note(String line) {
    try {
      var _ = file.write(ByteBuffer.wrap(line.getBytes(US_ASCII)));
    } catch (IOException e) {
      throw new UncheckedIOException("what clients do cannot be noted", e);
    }
  }
}
