package io.khonsu.server.node;

import io.khonsu.NodePresence;
import io.khonsu.grpc.UnusableCertificateException;
import io.khonsu.spi.NodeStarter;
import java.io.IOException;
import java.nio.file.Path;

/** Starts the nodes that configuration files of {@code khonsu server} describe. Thread-safe. */
public final class ConfiguredNodes implements NodeStarter {
  @Override
  public RunningNode start(Path configFile, NodePresence presence) throws IOException {
    NodeConfig config;
    try {
      config = NodeConfig.read(configFile);
    } catch (ConfigException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    try {
      return RunningNode.start(config, presence, RunningNode.Faults.REFUSED);
    } catch (UnusableCertificateException | IllegalArgumentException e) {
      throw new IllegalArgumentException(configFile + ": " + e.getMessage(), e);
    }
  }
}
