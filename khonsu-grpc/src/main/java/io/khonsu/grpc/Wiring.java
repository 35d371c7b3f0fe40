package io.khonsu.grpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.ServerTransportFilter;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one end of connections, and connections with the limits that strangers meet. Calls
 * are answered on network threads, so they must not block.
 */
final class Wiring implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Wiring.class);
  private static final int NETWORK_THREADS = 2;
  private static final int CONNECT_MILLIS_MAX = 3_000;
  private static final int METADATA_BYTES_MAX = 8 << 10;
  private static final long CLOSING_SECONDS_MAX = 5;
  private static final Duration CERTIFICATES_PERIOD = Duration.ofMinutes(1);

  /** Nothing is inflated, so that a small message is not a large one. */
  private static final DecompressorRegistry NO_COMPRESSION =
      DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false);

  private final EventLoopGroup network;
  private final ScheduledThreadPoolExecutor timer;

  /** For what blocks, as looking up names, and what may take long, as TLS handshakes. */
  private final ExecutorService helpers = Executors.newVirtualThreadPerTaskExecutor();

  private final @Nullable TlsIdentity tls;
  private final PlainText plainText;

  /**
   * Who has connections.
   *
   * @param files its certificates, which are looked at every minute; empty for plain text
   * @param uri what its certificate must name, or null if that does not matter
   * @param plainText where plain text is allowed
   */
  record Security(Optional<TlsFiles> files, @Nullable String uri, PlainText plainText) {}

  /**
   * Starts the threads.
   *
   * @param name what they are called
   * @throws IOException if a file cannot be used
   */
  Wiring(String name, Security security) throws IOException {
    plainText = security.plainText;
    network =
        new MultiThreadIoEventLoopGroup(
            NETWORK_THREADS, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            Thread.ofPlatform().name(name + "-timer").daemon().factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    timer.setRemoveOnCancelPolicy(true);
    try {
      Optional<TlsFiles> files = security.files;
      tls = files.isPresent() ? new TlsIdentity(files.get(), security.uri) : null;
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
    if (tls != null) {
      repeat(CERTIFICATES_PERIOD, () -> helpers.execute(this::readCertificatesAgain));
    }
  }

  /** Takes over certificates that have changed, for new connections. */
  void readCertificatesAgain() {
    if (tls != null) {
      tls.readAgain();
    }
  }

  /** {@return whether connections are encrypted} */
  boolean isSecure() {
    return tls != null;
  }

  /**
   * {@return a thread of the network, for actions that send, and block no longer than a disk does}
   * It is the one that calls this, if that is one: what is sent by the connections that it serves
   * needs no other thread to be woken.
   */
  Executor networkThread() {
    for (EventExecutor thread : network) {
      if (thread.inEventLoop()) {
        return thread;
      }
    }
    return network.next();
  }

  /**
   * Runs an action on the timer's thread, in a while.
   *
   * @param action must not block; not run any more once this is closed
   * @return what it can be cancelled by
   */
  @CanIgnoreReturnValue
  Future<?> later(Duration delay, Runnable action) {
    return timer.schedule(action, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Runs an action now, and again and again until this is closed.
   *
   * @param period from the end of one run to the next one, whatever became of it
   * @param action must not block
   */
  void repeat(Duration period, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("what is done again and again has failed this time");
    } finally {
      later(period, () -> repeat(period, action));
    }
  }

  /**
   * Listens.
   *
   * @param listen where; port 0 takes one that is free
   * @param messageBytesMax larger messages end the call
   * @param gate bounds who connects; it must be told of sessions
   * @throws InsecureListenerException if it could be reached and must not be
   * @throws IOException if the address is unknown or in use
   */
  Server listen(
      InetSocketAddress listen,
      ClientAuth clientAuth,
      int messageBytesMax,
      ServerServiceDefinition service,
      ConnectionGate gate)
      throws IOException {
    return listen(listen, clientAuth, messageBytesMax, service, gate, null);
  }

  /**
   * Listens as above.
   *
   * @param tracers see each call from its beginning, or null
   */
  Server listen(
      InetSocketAddress listen,
      ClientAuth clientAuth,
      int messageBytesMax,
      ServerServiceDefinition service,
      ConnectionGate gate,
      ServerStreamTracer.@Nullable Factory tracers)
      throws IOException {
    check(listen);
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(
                listen, tls == null ? InsecureServerCredentials.create() : tls.server(clientAuth))
            .bossEventLoopGroup(network)
            .workerEventLoopGroup(network)
            .channelFactory(() -> guarded(new NioServerSocketChannel(), gate.handler()))
            .withChildOption(ChannelOption.TCP_NODELAY, true)
            .maxInboundMessageSize(messageBytesMax)
            .maxInboundMetadataSize(METADATA_BYTES_MAX)
            .maxConcurrentCallsPerConnection(64)
            .maxRstFramesPerWindow(50, 10)
            .maxConnectionIdle(1, TimeUnit.MINUTES)
            .keepAliveTime(10, TimeUnit.SECONDS)
            .keepAliveTimeout(5, TimeUnit.SECONDS)
            .permitKeepAliveTime(5, TimeUnit.SECONDS);
    if (tls != null) {
      builder.addTransportFilter(trustedCallers(tls));
    }
    if (tracers != null) {
      builder.addStreamTracerFactory(tracers);
    }
    Server server =
        builder.directExecutor().decompressorRegistry(NO_COMPRESSION).addService(service).build();
    try {
      return server.start();
    } catch (IOException e) {
      throw e.getCause() instanceof BindException taken ? named(listen, taken) : e;
    }
  }

  private static BindException named(InetSocketAddress listen, BindException cause) {
    BindException named =
        new BindException(
            "%s cannot be listened at (%s): free it, or set another"
                .formatted(listen, cause.getMessage()));
    named.initCause(cause);
    return named;
  }

  private static ServerTransportFilter trustedCallers(TlsIdentity tls) {
    return new ServerTransportFilter() {
      @Override
      public Attributes transportReady(Attributes connection) {
        return tls.checked(connection, TlsIdentity.Shown.BY_CLIENT);
      }
    };
  }

  private static <C extends Channel> C guarded(C channel, ChannelHandler first) {
    channel.pipeline().addLast(first); // before those which gRPC adds
    return channel;
  }

  private void check(InetSocketAddress listen) throws IOException {
    if (listen.isUnresolved()) {
      throw new UnknownHostException("cannot listen at " + listen + ": no such host");
    }
    boolean isReachable = !listen.getAddress().isLoopbackAddress();
    if (isReachable && !isSecure() && plainText == PlainText.LOOPBACK) {
      throw new InsecureListenerException(
          "without TLS, other machines would reach %s: give it certificates, listen on 127.0.0.1, or allow plain text anywhere"
              .formatted(listen));
    }
  }

  /** {@return whether a host that needs no looking up must not be called} */
  boolean isForbidden(String host) {
    return isLoopbackOnly() && isElsewhere(host);
  }

  private boolean isLoopbackOnly() {
    return !isSecure() && plainText == PlainText.LOOPBACK;
  }

  private static boolean isElsewhere(String host) {
    try {
      return !InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException _) {
      return false; // a name, whose address is looked at when it is found
    }
  }

  /** {@return a channel, which has not connected yet; the caller must shut it down} */
  ManagedChannel channel(String host, int port, int messageBytesMax) {
    NettyChannelBuilder builder = NettyChannelBuilder.forAddress(host, port);
    if (tls == null) {
      builder.usePlaintext();
    } else {
      builder.sslContext(tls.channels()).addTransportFilter(trustedServers(tls));
    }
    return builder
        .eventLoopGroup(network)
        .channelFactory(this::socket)
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS_MAX)
        .withOption(ChannelOption.TCP_NODELAY, true)
        .maxInboundMessageSize(messageBytesMax)
        .maxInboundMetadataSize(METADATA_BYTES_MAX)
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS)
        .directExecutor()
        .offloadExecutor(helpers)
        .decompressorRegistry(NO_COMPRESSION)
        .disableRetry()
        .build();
  }

  private static ClientTransportFilter trustedServers(TlsIdentity tls) {
    return new ClientTransportFilter() {
      @Override
      public Attributes transportReady(Attributes connection) {
        return tls.checked(connection, TlsIdentity.Shown.BY_SERVER);
      }
    };
  }

  private Channel socket() {
    Channel channel = new NioSocketChannel();
    return isLoopbackOnly() ? guarded(channel, new LoopbackOnly()) : channel;
  }

  /** Ends the threads; what was made here must have been shut down before. */
  @Override
  public void close() {
    timer.shutdownNow();
    helpers.shutdownNow();
    Closing.await(timer::awaitTermination);
    network
        .shutdownGracefully(0, CLOSING_SECONDS_MAX, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSING_SECONDS_MAX, TimeUnit.SECONDS);
  }
}
