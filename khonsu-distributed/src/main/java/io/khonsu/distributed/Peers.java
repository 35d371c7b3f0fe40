package io.khonsu.distributed;

import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.wire.WireFormat;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages between the event loop and the other nodes: as frames on the transport, and by way
 * of the inbox. What cannot be read, or is for another group, is dropped and logged. The methods of
 * {@link Transport.Receiver} are for any thread, the others for the event loop.
 */
final class Peers implements Transport.Receiver {
  /** Takes what comes from the others, on the event loop. */
  interface Listener {
    /** A node has sent a message. */
    void heard(long node, PeerMessage message);

    /** The connection to a node was lost and is there again. */
    void reconnected(long node);
  }

  private static final Logger LOG = LoggerFactory.getLogger(Peers.class);

  private final long group;
  private final WireFormat format;
  private final Detours transport;
  private final Inbox inbox;
  private final Listener listener;

  /** What is done when something is in the inbox for which nobody was woken. */
  private volatile Runnable arrival;

  /** Nodes that were connected to again while the inbox was full. */
  private final Set<Long> unheard = ConcurrentHashMap.newKeySet();

  Peers(ClusterConfig config, Detours transport, Inbox inbox, Listener listener) {
    this.group = config.group();
    this.format = new WireFormat(config.consensus());
    this.transport = transport;
    this.inbox = inbox;
    this.listener = listener;
    this.arrival = inbox::wake;
  }

  /** Sets what is done when others' frames have arrived, by the thread that has brought them. */
  void onArrival(Runnable action) {
    arrival = action;
  }

  /** Begins to deliver. */
  void start() {
    transport.start(this);
  }

  /** Lets a tick pass. */
  void tick() {
    transport.tick();
  }

  /** Delivers nothing any more. */
  void close() {
    transport.close();
  }

  void send(Envelope envelope) {
    send(envelope.to().node(), new PeerMessage.Consensus(group, envelope));
  }

  void send(long node, PeerMessage message) {
    transport.send(node, message.encode(format));
  }

  @Override
  public boolean receive(long node, byte[] frame) {
    return inbox.offerQuietly(frame.length + Inbox.ACTION_BYTES, () -> read(node, frame));
  }

  @Override
  public void received() {
    arrival.run();
  }

  private void read(long node, byte[] frame) {
    PeerMessage message;
    try {
      message = PeerMessage.decode(frame, format);
    } catch (RuntimeException e) {
      LOG.atWarn().addKeyValue("from", node).setCause(e).log("a frame was dropped");
      return;
    }
    if (message.group() == group) {
      listener.heard(node, message);
    } else {
      LOG.atWarn().addKeyValue("group", message.group()).log("a frame is for another group");
    }
  }

  @Override
  public void reconnected(long node) {
    if (!inbox.offer(Inbox.ACTION_BYTES, () -> listener.reconnected(node))) {
      unheard.add(node); // a full inbox is when frames get lost: this must not
    }
  }

  /** Tells of the connections that there was no room for in the inbox. */
  void catchUp() {
    for (Iterator<Long> nodes = unheard.iterator(); nodes.hasNext(); ) {
      long node = nodes.next();
      nodes.remove(); // first: it may happen again
      listener.reconnected(node);
    }
  }
}
