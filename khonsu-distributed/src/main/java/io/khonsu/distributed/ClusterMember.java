package io.khonsu.distributed;

import io.khonsu.ClientDoor;
import io.khonsu.Khonsu;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node that runs in this process, on a thread of its own and those that bring it frames.
 * Thread-safe; close it, or its store.
 */
public final class ClusterMember implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMember.class);

  private final ClusterConfig config;
  private final DistributedCommitManager manager;
  private final InstantSource clock;
  private final Turns turns;
  private final Thread thread;

  ClusterMember(ClusterConfig config, DistributedCommitManager manager, InstantSource clock) {
    this.config = config;
    this.manager = manager;
    this.clock = clock;
    this.turns = new Turns(manager, clock);
    this.thread =
        Thread.ofPlatform().name("khonsu-node-" + config.member()).daemon().unstarted(this::loop);
    manager.onHalt(this::stop);
    manager.onArrival(turns::arrived);
  }

  void start() throws IOException {
    manager.start(System.nanoTime(), clock.millis());
    turns.start();
    thread.start();
  }

  private void loop() {
    Throwable cause = null;
    try {
      while (turns.next()) {}
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      LOG.atDebug().setCause(e).log("the event loop has ended"); // the manager says why
      cause = e;
    } finally {
      turns.end(cause);
    }
  }

  private void stop() {
    turns.end(null);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits until the node has ended, by itself or because it was closed.
   *
   * @return why it has ended by itself, or null
   */
  public @Nullable Throwable awaitEnd() throws InterruptedException {
    thread.join();
    return manager.failure();
  }

  /** {@return the store: its transactions commit on the cluster; closing it ends the node} */
  public Khonsu store() {
    return manager.store();
  }

  /**
   * {@return what was committed and applied on this node, as {@code io.khonsu.backup.Archiver}
   * takes it; of use until the node ends}
   */
  public ReplicatedHistory history() {
    return manager.history();
  }

  /** {@return how the node was at the end of its last turn} */
  public NodeStatus status() {
    return manager.status();
  }

  /**
   * {@return where clients are let in, for who listens for them} Nothing is held for a client, so
   * what it reads must be kept by {@link io.khonsu.StoreConfig#retention}: for as long as its
   * transactions last.
   */
  public ClientDoor clientDoor() {
    return new ClientDoor(
        manager.replicatedStore(), config.clusterId(), new MemberSessions(manager, config));
  }

  /**
   * Changes who is in the cluster, from this node, which must be a member. Waits until the new
   * members have begun and a majority of them has a leader, or that cannot be found out in time.
   */
  public ChangeResult changeMembers(MemberChange change) {
    CompletableFuture<ChangeResult> result = new CompletableFuture<>();
    if (!manager.changeMembers(change, result::complete)) {
      return new ChangeResult.Refused(
          ChangeResult.Reason.NOT_HERE, "the node has stopped, or too much waits there");
    }
    return result.join();
  }

  /** Tries to make this node the leader; {@return whether it leads now} */
  public boolean lead() {
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    return manager.lead(result::complete) && result.join();
  }

  /** {@return the node itself, for who brings it clients} */
  public DistributedCommitManager manager() {
    return manager;
  }

  /** Ends the transactions that are open, waits for commits under way, and ends the node. */
  @Override
  public void close() {
    manager.close();
  }
}
