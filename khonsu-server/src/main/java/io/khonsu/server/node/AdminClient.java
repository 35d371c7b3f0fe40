package io.khonsu.server.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;

/**
 * Looks at a node that runs in another process, or this one.
 *
 * @param address the node's setting {@code admin}
 */
public record AdminClient(InetSocketAddress address) {
  private static final int TIMEOUT_MILLIS = 2_000;
  private static final int ANSWER_BYTES_MAX = 1 << 20;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /**
   * {@return the node's status, as /status gives it}
   *
   * @throws IOException if it does not answer, or not so
   */
  public JsonNode status() throws IOException {
    String body = send("GET", "/status");
    try {
      return MAPPER.readTree(body);
    } catch (JsonProcessingException e) {
      throw new IOException("what answers at %s is no node".formatted(name()), e);
    }
  }

  /**
   * Breaks a link of the node, or mends it.
   *
   * @param node where the link leads
   * @param fault the name of a {@link io.khonsu.grpc.LinkFault}
   * @throws IOException if the node does not answer, or refuses
   */
  public void setFault(long node, String fault) throws IOException {
    var _ = send("POST", "/faults?%d=%s".formatted(node, fault));
  }

  private String send(String method, String page) throws IOException {
    URL url = URI.create(this + page).toURL();
    HttpURLConnection connection = (HttpURLConnection) url.openConnection();
    connection.setRequestMethod(method);
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    int status = connection.getResponseCode();
    if (status != HttpURLConnection.HTTP_OK) {
      throw new IOException("%s answers %s with status %d".formatted(name(), page, status));
    }
    try (InputStream body = connection.getInputStream()) {
      return new String(body.readNBytes(ANSWER_BYTES_MAX), StandardCharsets.UTF_8);
    }
  }

  /** {@return the address of its pages} */
  @Override
  public String toString() {
    return "http://" + name();
  }

  private String name() {
    String host = address.getHostString();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }
}
