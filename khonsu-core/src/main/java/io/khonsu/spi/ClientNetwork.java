package io.khonsu.spi;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a client reaches the nodes of a cluster; found on the class path. */
public interface ClientNetwork {
  /**
   * Where a node listens for clients.
   *
   * @param host a name or an address
   * @param port from 1 to 65535
   */
  record Address(String host, int port) {
    /** Checks the port. */
    public Address {
      if (host.isEmpty() || port < 1 || port > 65_535) {
        throw new IllegalArgumentException(
            "\"%s:%d\" is no HOST:PORT, such as db1.example:7501".formatted(host, port));
      }
    }

    @Override
    public String toString() {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /** A node has certainly not looked at a question, and will not. */
  final class NotAskedException extends IOException {
    private static final long serialVersionUID = 1;

    /** With the reason, as far as it is known. */
    public NotAskedException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Ways to some nodes. Thread-safe. */
  interface Nodes extends AutoCloseable {
    /** The largest question for {@link #askBriefly}. */
    int BRIEF_BYTES_MAX = 256 << 10;

    /**
     * Asks a node, and waits for its answer.
     *
     * @param node its place in the list of addresses
     * @param question bytes that nobody changes
     * @throws NotAskedException if the node has not got the question, or has not looked at it
     * @throws IOException if no answer came: the node may have got the question, or not
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    byte[] ask(int node, byte[] question, Duration timeout)
        throws IOException, InterruptedException;

    /**
     * Asks as {@link #ask}: a question of at most {@link #BRIEF_BYTES_MAX}, whose answer is not
     * larger. A network may let many of them share a stream, so that each costs little; then none
     * of them may have to wait for another's answer.
     */
    default byte[] askBriefly(int node, byte[] question, Duration timeout)
        throws IOException, InterruptedException {
      return ask(node, question, timeout);
    }

    /** Ends all connections; who waits gets an {@link IOException}. Closing twice does nothing. */
    @Override
    void close();
  }

  /**
   * {@return the network that is on the class path}
   *
   * @throws StorageRefusedException if there is none, or there are several
   */
  static ClientNetwork onClassPath() throws StorageRefusedException {
    return OnClassPath.only(ClientNetwork.class, "networks for clients", "khonsu-grpc");
  }

  /**
   * {@return ways to these nodes, none of which has been called yet}
   *
   * @param settings what the address says behind its question mark
   * @throws IllegalArgumentException if one of the settings is unknown or wrong
   * @throws IOException if a file that they name cannot be used
   */
  Nodes open(List<Address> nodes, Map<String, String> settings) throws IOException;
}
