package io.khonsu.testkit.history;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.SimulatedStore.Bug;
import io.khonsu.testkit.history.TransactionGenerator.Mix;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Clients of a {@link SimulatedStore} whose steps one thread interleaves at random: repeatable. */
final class Simulation {

  /** What is run. */
  record Setup(Level level, Bug bug, Mix mix, int clients, int transactions, Versions versions) {
    /** Whether the history tells the versions. */
    enum Versions {
      TOLD,
      HIDDEN
    }

    static Setup of(Level level, Bug bug, Mix mix) {
      return new Setup(level, bug, mix, 4, 24, Versions.TOLD);
    }
  }

  private final class Client {
    final HistoryRecorder.Client recorder;
    final TransactionGenerator generator;
    List<Operation> operations = List.of();
    final List<Operation> executed = new ArrayList<>();
    SimulatedStore.@Nullable Session session;

    Client(int index) {
      recorder = history.client();
      generator = new TransactionGenerator(random.split(), setup.mix, 3, 4, index, setup.clients);
    }
  }

  private final Setup setup;
  private final SplittableRandom random;
  private final SimulatedStore store;
  private final HistoryRecorder history;
  private long nanos;
  private int ended;

  private Simulation(Setup setup, long seed) {
    this.setup = setup;
    this.random = new SplittableRandom(seed);
    this.store = new SimulatedStore(setup.bug);
    this.history = new HistoryRecorder(() -> nanos++);
  }

  static History run(Setup setup, long seed) {
    return new Simulation(setup, seed).run();
  }

  private History run() {
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < setup.clients; i++) {
      clients.add(new Client(i));
    }
    while (ended < setup.transactions) {
      step(clients.get(random.nextInt(setup.clients)));
    }
    for (Client client : clients) {
      SimulatedStore.Session session = client.session;
      if (session != null) {
        session.abort();
        client.recorder.failed();
      }
    }
    return history.history();
  }

  private void step(Client client) {
    SimulatedStore.Session session = client.session;
    if (session == null) {
      client.operations = client.generator.next();
      client.executed.clear();
      client.recorder.invoke(client.operations);
      client.session = store.begin(setup.level);
    } else if (client.executed.size() < client.operations.size()) {
      Operation next = client.operations.get(client.executed.size());
      client.executed.add(execute(session, next));
    } else {
      end(client, session);
      client.session = null;
      ended++;
    }
  }

  private void end(Client client, SimulatedStore.Session session) {
    int chance = random.nextInt(20);
    if (chance < 2) {
      session.abort();
      client.recorder.failed();
      return;
    }
    CommitReport report = session.commit();
    if (chance == 2 && setup.versions == Setup.Versions.TOLD) {
      client.recorder.unknown();
    } else if (report instanceof CommitReport.Committed(Long version)) {
      boolean told = setup.versions == Setup.Versions.TOLD;
      boolean hasSnapshot = setup.level != Level.READ_COMMITTED && version != null;
      client.recorder.committed(
          client.executed,
          told ? version : null,
          told && hasSnapshot ? session.snapshotVersion() : null);
    } else {
      client.recorder.failed();
    }
  }

  private static Operation execute(SimulatedStore.Session session, Operation operation) {
    return switch (operation) {
      case Operation.Append(long key, long value) -> {
        session.write(key, value);
        yield operation;
      }
      case Operation.Write(long key, long value) -> {
        session.write(key, value);
        yield operation;
      }
      case Operation.ReadList(long key, var _) -> new Operation.ReadList(key, session.read(key));
      case Operation.ReadRegister(long key, var _) -> {
        List<Long> seen = session.read(key);
        yield new Operation.ReadRegister(key, seen.isEmpty() ? null : seen.getLast());
      }
    };
  }
}
