package io.khonsu;

import io.khonsu.spi.ClientNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Where a cluster is: {@code khonsu://HOST:PORT,HOST:PORT?key=value&key=value}.
 *
 * @param nodes some or all nodes
 * @param patience how long they are asked again if none answers
 * @param settings of the connections
 */
record RemoteAddress(
    List<ClientNetwork.Address> nodes, Duration patience, Map<String, String> settings) {
  private static final String TIMEOUT = "timeoutSeconds";
  private static final String TIMEOUT_USUAL = "30";

  private static final String SCHEME = "khonsu://";

  /**
   * {@return what a text says}
   *
   * @throws IllegalArgumentException if it is no address
   */
  static RemoteAddress parse(String text) {
    if (!text.startsWith(SCHEME)) {
      throw wrong(text, "it does not begin with " + SCHEME);
    }
    String[] parts = text.substring(SCHEME.length()).split("\\?", 2);
    List<ClientNetwork.Address> nodes = new ArrayList<>();
    for (String node : parts[0].split(",", -1)) {
      nodes.add(node(text, node));
    }
    Map<String, String> settings = new LinkedHashMap<>();
    for (String setting : parts.length < 2 ? new String[0] : parts[1].split("&", -1)) {
      String[] pair = setting.split("=", 2);
      if (pair.length < 2 || settings.put(pair[0], pair[1]) != null) {
        throw wrong(text, "\"%s\" is no KEY=VALUE, or there twice".formatted(setting));
      }
    }
    String seconds = Objects.requireNonNullElse(settings.remove(TIMEOUT), TIMEOUT_USUAL);
    if (!seconds.matches("[1-9]\\d{0,5}")) {
      throw wrong(text, "%s must be a whole number from 1 to 999999".formatted(TIMEOUT));
    }
    return new RemoteAddress(nodes, Duration.ofSeconds(Long.parseLong(seconds)), settings);
  }

  private static ClientNetwork.Address node(String text, String node) {
    int colon = node.lastIndexOf(':');
    String port = node.substring(colon + 1);
    if (colon < 1 || !port.matches("\\d{1,5}")) {
      throw wrong(text, "\"%s\" is no HOST:PORT".formatted(node));
    }
    String host = node.substring(0, colon);
    boolean isBracketed = host.startsWith("[") && host.endsWith("]");
    return new ClientNetwork.Address(
        isBracketed ? host.substring(1, host.length() - 1) : host, Integer.parseInt(port));
  }

  private static IllegalArgumentException wrong(String text, String why) {
    return new IllegalArgumentException(
        "\"%s\" is no address such as khonsu://db1:7501,db2:7501: %s".formatted(text, why));
  }
}
