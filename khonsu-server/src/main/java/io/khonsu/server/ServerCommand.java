package io.khonsu.server;

import io.khonsu.CorruptionException;
import io.khonsu.NodePresence;
import io.khonsu.StorageException;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.grpc.UnusableCertificateException;
import io.khonsu.server.demo.ClusterLoad;
import io.khonsu.server.node.ConfigException;
import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import io.khonsu.server.torture.ListClients;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code khonsu server}: one node of a cluster. */
@Command(
    name = "server",
    description = {
      "Runs one node of a cluster, until it is stopped by Ctrl-C or SIGTERM.",
      "",
      "The first start of a node needs --new, or --join if the cluster is there already and a"
          + " member will add the node; no later one may have it: so a disk that was lost is never"
          + " taken for that of a new node.",
      "",
      "Stopped by SIGTERM it ends with 143, by Ctrl-C with 130, both cleanly: all that was"
          + " acknowledged is on disk. It ends with 2 if the configuration or its certificate is"
          + " wrong, with 3 if a port, the disk or enough memory cannot be had, with 6 if data is"
          + " lost or damaged."
    })
final class ServerCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      required = true,
      description = "The node's configuration: docs/cluster.md, \"Running a node\".")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path file;

  @Option(names = "--new", description = "Makes the node's disk, which must not be there yet.")
  private boolean isNew;

  @Option(
      names = "--join",
      description =
          "Makes the node's disk, which must not be there yet, and waits until khonsu members add"
              + " makes it a member.")
  private boolean joins;

  @Option(names = "--stop-at-end-of-input", hidden = true)
  private boolean stopsAtEndOfInput;

  /** For the demo and tests. */
  @Option(names = "--faults", hidden = true)
  private boolean allowsFaults;

  /** For the demo and tests: writers on the node, who note what they did beside its disk. */
  @Option(names = "--workload", hidden = true)
  private boolean hasWorkload;

  /** For torture: clients on the node, who note what they do and see beside its disk. */
  @Option(names = "--clients", paramLabel = "SEED", hidden = true)
  private @Nullable Long clientsSeed;

  private volatile boolean isStopping;

  @Override
  public Integer call() throws InterruptedException {
    if (isNew && joins) {
      return failed(ExitCode.USAGE, "--new begins a cluster, --join joins one: choose");
    }
    NodeConfig config;
    try {
      config = NodeConfig.read(file);
    } catch (ConfigException e) {
      return failed(ExitCode.USAGE, String.valueOf(e.getMessage()));
    }
    try (RunningNode node =
        RunningNode.start(
            config,
            presence(),
            allowsFaults ? RunningNode.Faults.ALLOWED : RunningNode.Faults.REFUSED)) {
      if (hasWorkload) {
        ClusterLoad.start(node.member(), LocalCluster.acknowledgements(config.directory()));
      }
      if (clientsSeed != null) {
        ListClients.start(node.member(), config.directory(), clientsSeed, this::crashed);
      }
      return run(node);
    } catch (StorageRefusedException e) {
      return failed(exitCode(e.reason()), e.getMessage() + advice(e.reason()));
    } catch (DamagedStorageException e) {
      return failed(ExitCode.CORRUPTION, String.valueOf(e.getMessage()));
    } catch (UnusableCertificateException e) {
      return failed(ExitCode.USAGE, file + ": " + e.getMessage());
    } catch (IOException | StorageException e) { // unchecked: memory for what its disk holds
      return failed(exitCode(e), String.valueOf(e.getMessage()));
    } catch (IllegalArgumentException e) { // settings that do not fit together, as a listener off
      return failed(ExitCode.USAGE, file + ": " + e.getMessage()); // loopback without TLS
    }
  }

  private NodePresence presence() {
    if (joins) {
      return NodePresence.JOINING;
    }
    return isNew ? NodePresence.NEW : NodePresence.EXISTING;
  }

  private int run(RunningNode node) throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node), "khonsu-stop"));
    if (stopsAtEndOfInput) {
      Thread.ofVirtual().start(ServerCommand::exitAtEndOfInput);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s listens at %s%s; http:/%s/health, /metrics, /status%n",
        node,
        node.address(),
        node.clients().map(clients -> ", for clients at " + clients).orElse(""),
        node.admin());
    if (node.member().status().membership().standing() == Standing.JOINING) {
      out.println("It waits until a member adds it: khonsu members add FILE NODE=HOST:PORT");
    }
    out.flush();
    Throwable cause = node.member().awaitEnd();
    if (cause == null) {
      return ExitCode.OK.code(); // it was stopped, and the virtual machine is ending
    }
    return failed(exitCode(cause), "the node has stopped by itself: " + cause);
  }

  private void stop(RunningNode node) {
    isStopping = true;
    try {
      node.close();
    } catch (RuntimeException e) {
      var _ = failed(ExitCode.INTERNAL_ERROR, "the node could not be stopped cleanly: " + e);
      Runtime.getRuntime().halt(ExitCode.INTERNAL_ERROR.code());
    }
  }

  private void crashed(Thread client, Throwable cause) {
    if (isStopping) {
      return; // its node is being taken from it
    }
    LoggerFactory.getLogger(ServerCommand.class)
        .atError()
        .setCause(cause)
        .log("{} has crashed", client.getName());
    var _ = failed(ExitCode.INTERNAL_ERROR, client.getName() + " has crashed: " + cause);
    Runtime.getRuntime().halt(ExitCode.INTERNAL_ERROR.code());
  }

  private static void exitAtEndOfInput() {
    try {
      var _ = System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException _) {
      // Nobody is there any more, as at the end.
    }
    System.exit(ExitCode.OK.code());
  }

  private String advice(StorageRefusedException.Reason reason) {
    boolean isFirst = isNew || joins;
    if (isFirst && reason == StorageRefusedException.Reason.NOT_A_STORE) {
      return "; if the node was started before, start it without %s"
          .formatted(joins ? "--join" : "--new");
    }
    return !isFirst && reason != StorageRefusedException.Reason.IN_USE
        ? "; only a node that was never started is started with --new or --join"
        : "";
  }

  private static ExitCode exitCode(StorageRefusedException.Reason reason) {
    return switch (reason) {
      case DATA_LOSS -> ExitCode.CORRUPTION;
      case FOREIGN_PART, NOT_A_STORE -> ExitCode.USAGE;
      case IN_USE, UNKNOWN_FORMAT, NOT_WRITABLE, MISSING_ENGINE -> ExitCode.UNAVAILABLE;
    };
  }

  private static ExitCode exitCode(@Nullable Throwable cause) {
    return switch (cause) {
      case DamagedStorageException _, CorruptionException _ -> ExitCode.CORRUPTION;
      case IOException _, StorageException _ -> ExitCode.UNAVAILABLE;
      case null, default -> ExitCode.INTERNAL_ERROR;
    };
  }

  private int failed(ExitCode exitCode, String message) {
    spec.commandLine().getErr().println(spec.qualifiedName() + ": " + message);
    return exitCode.code();
  }
}
