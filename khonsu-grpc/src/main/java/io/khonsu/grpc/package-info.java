/**
 * What travels between the nodes of a cluster, and between them and clients, on gRPC.
 *
 * <p>{@link io.khonsu.grpc.GrpcTransport} carries frames. Each direction between two nodes is a
 * connection of its own, with one call that lasts as long as it can, a <em>session</em>: the sender
 * opens it with a hello, and no frame is taken before the hello was found right. Order within a
 * session is that of sending; what is under way when a session ends is lost, and both sides are
 * told when the next one begins.
 *
 * <p>{@link io.khonsu.grpc.ClientListener} lets clients in, on a port of its own, and {@link
 * io.khonsu.grpc.GrpcClientNetwork} is how they come: each question is a call.
 *
 * <p>Certificates name nodes: that of node 3 of cluster 42 has the URI {@code khonsu://42/node/3}
 * among its subject alternative names, that of a client one like {@code khonsu://42/client/alice}.
 */
@NullMarked
package io.khonsu.grpc;

import org.jspecify.annotations.NullMarked;
