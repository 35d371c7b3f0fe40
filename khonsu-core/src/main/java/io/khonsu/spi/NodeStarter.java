package io.khonsu.spi;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import java.io.IOException;
import java.nio.file.Path;

/** Starts nodes of clusters in this process; found on the class path. Thread-safe. */
public interface NodeStarter {
  /** A node that runs, with all that its configuration asks for. Thread-safe; close it. */
  interface Node extends AutoCloseable {
    /** {@return its store, whose transactions commit on the cluster} */
    Khonsu store();

    /**
     * Ends the transactions that are open, waits for commits under way, and ends all that belongs
     * to the node, its store as well. Who calls while another does waits for it; closing twice does
     * nothing.
     */
    @Override
    void close();
  }

  /**
   * {@return what is on the class path}
   *
   * @throws StorageRefusedException if there is nothing, or there are several
   */
  static NodeStarter onClassPath() throws StorageRefusedException {
    return OnClassPath.only(NodeStarter.class, "nodes of clusters", "khonsu-server");
  }

  /**
   * Starts the node that a configuration file describes. If that fails, nothing is left open.
   *
   * @param presence whether it was there before
   * @throws IllegalArgumentException if the file cannot be read, or asks for what cannot be: the
   *     message names the file, and where it is of one, the line and the key
   * @throws StorageRefusedException if its disk is missing, another node's, cut short, in use, or
   *     there already and must not be
   * @throws DamagedStorageException if its disk is not as it was written
   * @throws java.net.BindException if one of its ports is taken
   * @throws IOException if disk, network or a file that it names cannot be used
   */
  Node start(Path configFile, NodePresence presence) throws IOException;
}
