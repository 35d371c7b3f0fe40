package io.khonsu.server.node;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The small HTTP server, on loopback, by which a node can be looked at. Thread-safe; close it. */
final class AdminServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads;

  private AdminServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Starts to answer.
   *
   * @throws IOException if the address cannot be used; the message names the setting
   */
  static AdminServer start(InetSocketAddress address, AdminPages pages) throws IOException {
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (BindException e) {
      BindException named =
          new BindException(
              "admin: %s cannot be listened at (%s): set another port"
                  .formatted(address, e.getMessage()));
      named.initCause(e);
      throw named;
    }
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(threads);
    server.createContext("/", exchange -> answer(exchange, pages));
    server.start();
    return new AdminServer(server, threads);
  }

  private static void answer(HttpExchange exchange, AdminPages pages) throws IOException {
    try (exchange) {
      // A browser says which page makes it call: none may, lest a page elsewhere changes the
      // cluster.
      AdminPages.Page page =
          exchange.getRequestHeaders().containsKey("Origin")
              ? AdminPages.Page.text(403, "Pages of browsers are not answered here.\n")
              : pages.answer(exchange.getRequestMethod(), exchange.getRequestURI());
      byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", page.type());
      exchange.sendResponseHeaders(page.status(), body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  InetSocketAddress address() {
    return server.getAddress();
  }

  /** Takes no more requests. */
  void stopListening() {
    server.stop(0);
  }

  /** Takes no more requests, and waits for those under way. */
  @Override
  public void close() {
    stopListening();
    threads.close();
  }
}
