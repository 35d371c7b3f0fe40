package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a proxy does to bytes and connections. */
class LinkProxyTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  /** Long enough for any machine. */
  private static final int TIMEOUT_MILLIS = 60_000;

  private ServerSocket target;
  private LinkProxy proxy;

  @BeforeEach
  void open() throws IOException {
    target = new ServerSocket(0, 8, LOOPBACK);
    target.setSoTimeout(TIMEOUT_MILLIS);
    proxy = LinkProxy.open(0, target.getLocalPort());
  }

  @AfterEach
  void close() throws IOException {
    proxy.close();
    target.close();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(LOOPBACK, proxy.port());
    socket.setSoTimeout(TIMEOUT_MILLIS);
    return socket;
  }

  private static int read(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read();
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException _) {
      return -1; // it ended so
    }
  }

  @Test
  void bytes_passBothWays_alsoSlowly_andTheEndPassesToo() throws Exception {
    try (Socket near = connect();
        Socket far = target.accept()) {
      far.setSoTimeout(TIMEOUT_MILLIS);
      near.getOutputStream().write(1);
      assertThat(read(far)).isEqualTo(1);
      proxy.set(LinkProxy.State.SLOW);
      far.getOutputStream().write(2);
      assertThat(read(near)).isEqualTo(2);
      near.shutdownOutput();
      assertThat(read(far)).isEqualTo(-1);
    }
  }

  @Test
  void stalledLink_keepsBytes_untilItIsOpen() throws Exception {
    try (Socket near = connect();
        Socket far = target.accept()) {
      near.getOutputStream().write(1);
      assertThat(read(far)).isEqualTo(1);
      proxy.set(LinkProxy.State.STALLED);
      near.getOutputStream().write(2);
      far.setSoTimeout(100);
      assertThatThrownBy(() -> read(far)).isInstanceOf(SocketTimeoutException.class);
      proxy.set(LinkProxy.State.OPEN);
      far.setSoTimeout(TIMEOUT_MILLIS);
      assertThat(read(far)).isEqualTo(2);
    }
  }

  @Test
  void cutLink_endsConnections_andLetsNoneThrough_untilItIsOpen() throws Exception {
    try (Socket near = connect();
        Socket far = target.accept()) {
      far.setSoTimeout(TIMEOUT_MILLIS);
      near.getOutputStream().write(1);
      assertThat(read(far)).isEqualTo(1);
      proxy.set(LinkProxy.State.CUT);
      assertThat(read(near)).isEqualTo(-1);
      assertThat(read(far)).isEqualTo(-1);
      try (Socket refused = connect()) {
        assertThat(read(refused)).isEqualTo(-1);
      }
      proxy.set(LinkProxy.State.OPEN);
      try (Socket again = connect();
          Socket other = target.accept()) {
        other.getOutputStream().write(3);
        assertThat(read(again)).isEqualTo(3);
      }
    }
  }

  @Test
  void passage_isWaitedFor_andOneThatDoesNotComeIsTold() throws Exception {
    try (Socket near = connect();
        Socket far = target.accept()) {
      far.setSoTimeout(TIMEOUT_MILLIS);
      near.getOutputStream().write(1);
      assertThat(read(far)).isEqualTo(1);
      proxy.set(LinkProxy.State.CUT);
      proxy.set(LinkProxy.State.OPEN);
      assertThatThrownBy(() -> proxy.awaitPassage(Duration.ofMillis(1)))
          .isInstanceOf(TimeoutException.class)
          .hasMessageContaining("nothing has come through");
      CompletableFuture<Void> writing = CompletableFuture.runAsync(this::writeUntilItPasses);
      proxy.awaitPassage(Duration.ofMillis(TIMEOUT_MILLIS));
      target.close();
      proxy.set(LinkProxy.State.CUT);
      writing.join();
    }
  }

  /** However long who connects waits before it does so again. */
  @Test
  void linkThatIsCutAgainAndAgain_endsAsManyConnections_thatCarriedSomething() throws Exception {
    AtomicInteger carrying = new AtomicInteger();
    Thread listening =
        Thread.ofVirtual()
            .start(() -> {
              while (true) {
                try (Socket far = target.accept()) {
                  if (far.getInputStream().read() == 1) {
                    carrying.incrementAndGet();
                    var _ = far.getInputStream().transferTo(OutputStream.nullOutputStream());
                  }
                } catch (IOException _) {
                  if (target.isClosed()) {
                    return;
                  }
                }
              }
            });
    AtomicBoolean isOver = new AtomicBoolean();
    Thread connecting =
        Thread.ofVirtual()
            .start(() -> {
              while (!isOver.get()) {
                writeUntilItPasses();
                LockSupport.parkNanos(50_000_000);
              }
            });
    proxy.cutAgainAndAgain(3, Duration.ofMillis(1), Duration.ofMillis(TIMEOUT_MILLIS));
    isOver.set(true);
    proxy.set(LinkProxy.State.CUT);
    connecting.join();
    long start = System.nanoTime();
    while (carrying.get() < 3 && System.nanoTime() - start < TIMEOUT_MILLIS * 1_000_000L) {
      LockSupport.parkNanos(1_000_000);
    }
    target.close();
    listening.join();
    assertThat(carrying.get()).isGreaterThanOrEqualTo(3);
  }

  /** Connects and writes until the connection ends. */
  private void writeUntilItPasses() {
    try (Socket near = connect()) {
      while (true) {
        near.getOutputStream().write(1);
        LockSupport.parkNanos(1_000_000);
      }
    } catch (IOException _) {
      // It was cut, as it should.
    }
  }

  @Test
  void nodeThatDoesNotRun_endsConnections() throws Exception {
    target.close();
    try (Socket near = connect()) {
      assertThat(read(near)).isEqualTo(-1);
    }
  }
}
