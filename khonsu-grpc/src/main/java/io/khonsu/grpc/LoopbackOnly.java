package io.khonsu.grpc;

import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Lets a channel connect to this machine only, whatever its name was found to mean. */
final class LoopbackOnly extends ChannelOutboundHandlerAdapter {
  @Override
  public void connect(
      ChannelHandlerContext context,
      SocketAddress remote,
      SocketAddress local,
      ChannelPromise promise) {
    if (remote instanceof InetSocketAddress inet
        && inet.getAddress() != null
        && inet.getAddress().isLoopbackAddress()) {
      var _ = context.connect(remote, local, promise);
    } else {
      var _ = promise.setFailure(new InsecurePeerException(remote));
    }
  }
}
