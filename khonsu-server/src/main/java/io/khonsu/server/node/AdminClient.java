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
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Looks at a node that runs in another process, or this one.
 *
 * @param address the node's setting {@code admin}
 */
public record AdminClient(InetSocketAddress address) {
  private static final int TIMEOUT_MILLIS = 2_000;

  /** A node gives up a change by itself, after its own time. */
  private static final int CHANGE_TIMEOUT_MILLIS = 300_000;

  private static final int ANSWER_BYTES_MAX = 1 << 20;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /**
   * {@return the node's status, as /status gives it}
   *
   * @throws IOException if it does not answer, or not so
   */
  public JsonNode status() throws IOException {
    return read(send("GET", "/status", TIMEOUT_MILLIS));
  }

  /**
   * Changes the members of the cluster, from this node, and waits for that.
   *
   * @param added the addresses of nodes that wait to join
   * @param removed who leaves
   * @return what came of it, as POST /members answers
   * @throws IOException if the node does not answer, or not so
   */
  public JsonNode changeMembers(Map<Long, String> added, Set<Long> removed) throws IOException {
    List<String> parts = new ArrayList<>();
    added.forEach((node, address) ->
        parts.add("add=" + URLEncoder.encode(node + "=" + address, StandardCharsets.UTF_8)));
    removed.forEach(node -> parts.add("remove=" + node));
    return read(send("POST", "/members?" + String.join("&", parts), CHANGE_TIMEOUT_MILLIS));
  }

  /**
   * Makes the node the leader, and waits for that.
   *
   * @return whether it leads, as POST /leader answers
   * @throws IOException if the node does not answer, or not so
   */
  public JsonNode lead() throws IOException {
    return read(send("POST", "/leader", CHANGE_TIMEOUT_MILLIS));
  }

  private JsonNode read(Answer answer) throws IOException {
    try {
      return MAPPER.readTree(answer.body);
    } catch (JsonProcessingException e) {
      throw new IOException(
          "%s answers with status %d, and not as a node does: %s"
              .formatted(name(), answer.status, answer.body.strip()),
          e);
    }
  }

  private record Answer(int status, String body) {}

  /**
   * Breaks a link of the node, or mends it.
   *
   * @param node where the link leads
   * @param fault the name of a {@link io.khonsu.grpc.LinkFault}
   * @throws IOException if the node does not answer, or refuses
   */
  public void setFault(long node, String fault) throws IOException {
    hurt("/faults?%d=%s".formatted(node, fault));
  }

  /**
   * Sets the node's clock wrong, or right again.
   *
   * @param aheadMillis how far it is to be ahead of the machine's, from -999 999 999 999 to 999 999
   *     999 999
   * @throws IOException if the node does not answer, or refuses
   */
  public void setClock(long aheadMillis) throws IOException {
    hurt("/clock?aheadMillis=" + aheadMillis);
  }

  private void hurt(String page) throws IOException {
    Answer answer = send("POST", page, TIMEOUT_MILLIS);
    if (answer.status != HttpURLConnection.HTTP_OK) {
      throw new IOException("%s answers %s with status %d".formatted(name(), page, answer.status));
    }
  }

  private Answer send(String method, String page, int timeoutMillis) throws IOException {
    URL url = URI.create(this + page).toURL();
    HttpURLConnection connection = (HttpURLConnection) url.openConnection();
    connection.setRequestMethod(method);
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(timeoutMillis);
    int status = connection.getResponseCode();
    try (InputStream body =
        status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      byte[] bytes = body == null ? new byte[0] : body.readNBytes(ANSWER_BYTES_MAX);
      return new Answer(status, new String(bytes, StandardCharsets.UTF_8));
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
