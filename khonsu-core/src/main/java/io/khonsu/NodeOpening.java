package io.khonsu;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.NodeStarter;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;

/** Starts the nodes of clusters that stores in this process belong to. */
final class NodeOpening {
  private NodeOpening() {}

  /** {@return a node that runs, which the caller must close} */
  static NodeStarter.Node node(Path configFile, NodePresence presence) {
    try {
      return NodeStarter.onClassPath().start(configFile, presence);
    } catch (StorageRefusedException e) {
      throw new OpenRefusedException(e);
    } catch (DamagedStorageException e) {
      throw new CorruptionException("the disk of the node is damaged: " + e.getMessage(), e);
    } catch (BindException e) {
      throw new UnavailableException("the node cannot listen: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new StorageException("the node cannot be started: " + e.getMessage(), e);
    }
  }
}
