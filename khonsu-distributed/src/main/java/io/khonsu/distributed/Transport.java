package io.khonsu.distributed;

/**
 * Carries frames between nodes, as best it can: a frame may be lost, or arrive twice, late or out
 * of order, but never changed or on another node. What is lost is repaired by who sent it.
 */
public interface Transport extends AutoCloseable {
  /**
   * Begins to deliver.
   *
   * @param receiver called by any thread, also before this returns
   */
  void start(Receiver receiver);

  /**
   * Sends a frame, without waiting: over its limit the transport drops it. Called by any thread.
   *
   * @param node the receiver's number, not the sender's own
   * @param frame nobody changes it any more
   */
  void send(long node, byte[] frame);

  /**
   * {@return whether it is known that what is sent to a node now is lost: then it goes through
   * another one} Called by any thread.
   */
  default boolean isCut(long node) {
    return false;
  }

  /**
   * {@return whether a node is known, so that it would be let in: others may pass on only what is
   * from such a one} Called by any thread.
   */
  boolean isPeer(long node);

  /**
   * Makes a node known, or known under another address. Nothing happens if it is known like this,
   * or is this node itself. Called by one thread, also before {@link #start}.
   *
   * @param address as the transport understands it
   * @throws IllegalArgumentException if it is none
   */
  void setPeer(long node, String address);

  /** Forgets a node, if it is known: nothing is sent to it, and nothing of it delivered. */
  void removePeer(long node);

  /** Delivers nothing any more. Closing twice does nothing. */
  @Override
  void close();

  /** Takes what arrives. */
  interface Receiver {
    /**
     * Takes a frame. Soon after it comes {@link #received}.
     *
     * @param node who sent it, as far as the transport has made sure of that
     * @param frame taken over
     * @return false if there was no room, and the frame is lost: slow down
     */
    boolean receive(long node, byte[] frame);

    /**
     * Works on what was received, or lets another thread do so: after every frame, or after several
     * that have come together.
     *
     * <p>Called by a thread that holds no locks, and that can do without going on for as long as a
     * write to the disk takes.
     */
    void received();

    /** The connection to a node was lost and is there again: frames may be missing. */
    void reconnected(long node);
  }
}
