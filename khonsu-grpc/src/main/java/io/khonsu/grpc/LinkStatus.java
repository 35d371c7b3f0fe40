package io.khonsu.grpc;

import java.util.Optional;

/**
 * How the way from this node to another one is. Counts are since the peer was made known.
 *
 * @param peer where it leads
 * @param isConnected whether there is a session
 * @param sessions how many were opened
 * @param framesSent frames handed to the network
 * @param bytesSent their bytes
 * @param framesDropped frames that were lost here: no session, no room, too large, or a fault
 * @param queuedBytes bytes that wait for the peer to read
 * @param refusal why the peer did not let this node in the last time; empty if it did, or was not
 *     reached
 */
public record LinkStatus(
    PeerAddress peer,
    boolean isConnected,
    long sessions,
    long framesSent,
    long bytesSent,
    long framesDropped,
    long queuedBytes,
    Optional<Refusal> refusal) {}
