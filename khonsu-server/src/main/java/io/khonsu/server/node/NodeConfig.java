package io.khonsu.server.node;

import io.khonsu.StoreConfig;
import io.khonsu.distributed.ClusterConfig;
import io.khonsu.grpc.ClientSettings;
import io.khonsu.grpc.PeerAddress;
import io.khonsu.grpc.PeerSettings;
import io.khonsu.grpc.PlainText;
import io.khonsu.grpc.TlsFiles;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a node's configuration file says; docs/cluster.md describes each key.
 *
 * @param cluster who the node is, and how it behaves
 * @param peers how it and the others reach each other
 * @param clients how it listens for clients, or empty if it does not
 * @param directory where its disk is
 * @param admin the address, on loopback, at which it can be looked at
 * @param store settings of its store
 * @param archive where it archives what it applies, or empty if it does not
 */
public record NodeConfig(
    ClusterConfig cluster,
    PeerSettings peers,
    Optional<ClientSettings> clients,
    Path directory,
    InetSocketAddress admin,
    StoreConfig store,
    Optional<ArchiveSettings> archive) {
  private static final String ADMIN = "127.0.0.1:7070";

  /** Those of a store that mean something on a node. */
  private static final List<String> STORE_SETTINGS =
      List.of(
          "isolation",
          "onConflict",
          "memoryLimitBytes",
          "keySizeMaxBytes",
          "rowSizeMaxBytes",
          "transactionSizeMaxBytes",
          "retention",
          "retentionBytes",
          "watchBacklogBytes",
          "transactionAgeMax",
          "compactionRowsPerSecond");

  /**
   * Reads a file.
   *
   * @throws ConfigException naming file, line and key, if something is wrong
   */
  public static NodeConfig read(Path path) throws ConfigException {
    ConfigFile file = ConfigFile.read(path);
    try {
      long clusterId = file.require("cluster", "42", ConfigValues::positive);
      long node = file.require("node", "1", ConfigValues::positive);
      List<PeerAddress> nodes = nodes(file);
      PeerAddress own = own(file, node, nodes);
      ClusterConfig cluster =
          ClusterConfig.of(
                  clusterId, node, nodes.stream().mapToLong(PeerAddress::node).sorted().toArray())
              .withAddresses(
                  nodes.stream()
                      .collect(Collectors.toMap(PeerAddress::node, PeerAddress::hostAndPort)))
              .with(times(file))
              .with(limits(file));
      InetSocketAddress listen =
          file.get(
              "listen",
              InetSocketAddress.createUnresolved(own.host(), own.port()),
              ConfigValues::address);
      PeerSettings peers =
          PeerSettings.of(clusterId, node, resolved(file, "listen", listen)).with(nodes);
      Path name = file.require("directory", "data", Path::of);
      Path directory = path.toAbsolutePath().resolveSibling(name);
      PeerSettings secured = secured(file, peers);
      Optional<ClientSettings> clients = clients(file, secured);
      StoreConfig store = store(file, clients.isPresent() ? cluster : null);
      NodeConfig config =
          new NodeConfig(
              cluster,
              secured,
              clients,
              directory,
              admin(file),
              store,
              ArchiveSettings.in(file, directory));
      file.checkKeys();
      return config;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(path, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * {@return the address at which the node of a file can be looked at}
   *
   * @throws ConfigException if the file cannot be read, or says something else than an address
   */
  public static InetSocketAddress readAdmin(Path path) throws ConfigException {
    return admin(ConfigFile.read(path));
  }

  private static List<PeerAddress> nodes(ConfigFile file) throws ConfigException {
    List<PeerAddress> nodes = new ArrayList<>();
    for (ConfigFile.Entry entry : file.withPrefix("node.")) {
      String number = entry.key().substring("node.".length());
      if (!number.matches("[1-9]\\d{0,17}")) {
        throw file.wrong(entry, "the key must end with the number of a node", null);
      }
      InetSocketAddress address = file.read(entry, ConfigValues::address);
      nodes.add(PeerAddress.of(Long.parseLong(number), address.getHostString(), address.getPort()));
    }
    return nodes;
  }

  private static PeerAddress own(ConfigFile file, long node, List<PeerAddress> nodes)
      throws ConfigException {
    for (PeerAddress address : nodes) {
      if (address.node() == node) {
        return address;
      }
    }
    throw file.missing("node." + node, "127.0.0.1:7001");
  }

  private static ClusterConfig.Times times(ConfigFile file) throws ConfigException {
    ClusterConfig.Times usual = ClusterConfig.Times.defaults();
    return new ClusterConfig.Times(
        file.get("tick", usual.tick(), ConfigValues::time),
        file.get("commitTimeout", usual.commitTimeout(), ConfigValues::time),
        file.get("resend", usual.resend(), ConfigValues::time),
        file.get("upkeep", usual.upkeep(), ConfigValues::time),
        file.get("snapshotAge", usual.snapshotAge(), ConfigValues::time),
        file.get("sessionAge", usual.sessionAge(), ConfigValues::time));
  }

  private static ClusterConfig.Limits limits(ConfigFile file) throws ConfigException {
    ClusterConfig.Limits usual = ClusterConfig.Limits.defaults();
    return new ClusterConfig.Limits(
        file.get("batchBytesMax", usual.batchBytesMax(), ConfigValues::count),
        file.get("batchCountMax", usual.batchCountMax(), ConfigValues::count),
        file.get("batchesMax", usual.batchesMax(), ConfigValues::count),
        file.get("pendingBytesMax", usual.pendingBytesMax(), ConfigValues::sizeBytes),
        file.get("checkpointBytes", usual.checkpointBytes(), ConfigValues::sizeBytes),
        file.get("inboxBytesMax", usual.inboxBytesMax(), ConfigValues::sizeBytes),
        file.get("historyBytesMax", usual.historyBytesMax(), ConfigValues::sizeBytes));
  }

  private static PeerSettings secured(ConfigFile file, PeerSettings peers) throws ConfigException {
    PlainText plainText =
        file.get(
            "plainText",
            PlainText.LOOPBACK,
            text ->
                switch (text) {
                  case "loopback" -> PlainText.LOOPBACK;
                  case "anywhere" -> PlainText.ANYWHERE;
                  default -> throw new IllegalArgumentException("it is loopback or anywhere");
                });
    @Nullable Path certificate = pathOf(file, "tls.certificate");
    @Nullable Path key = pathOf(file, "tls.key");
    @Nullable Path authorities = pathOf(file, "tls.authorities");
    PeerSettings settings = peers.with(plainText);
    if (certificate == null && key == null && authorities == null) {
      return settings;
    }
    if (certificate == null || key == null || authorities == null) {
      throw new ConfigException(
          file.path(),
          "tls.certificate, tls.key and tls.authorities must be there all three, or none",
          null);
    }
    return settings.with(new TlsFiles(certificate, key, authorities));
  }

  private static Optional<ClientSettings> clients(ConfigFile file, PeerSettings peers)
      throws ConfigException {
    InetSocketAddress listen =
        file.<@Nullable InetSocketAddress>get("client", null, ConfigValues::address);
    return listen == null
        ? Optional.empty()
        : Optional.of(
            new ClientSettings(
                peers.clusterId(),
                resolved(file, "client", listen),
                peers.tls(),
                peers.plainText(),
                ClientSettings.Limits.defaults()));
  }

  static @Nullable Path pathOf(ConfigFile file, String key) throws ConfigException {
    return file.<@Nullable Path>get(
        key, null, text -> file.path().toAbsolutePath().resolveSibling(Path.of(text)));
  }

  private static InetSocketAddress admin(ConfigFile file) throws ConfigException {
    InetSocketAddress admin =
        resolved(
            file, "admin", file.get("admin", ConfigValues.address(ADMIN), ConfigValues::address));
    if (!admin.getAddress().isLoopbackAddress()) {
      throw new ConfigException(
          file.path(),
          "admin is %s, but must be on loopback, such as %s: whoever reaches it sees everything"
              .formatted(admin, ADMIN),
          null);
    }
    return admin;
  }

  private static InetSocketAddress resolved(ConfigFile file, String key, InetSocketAddress address)
      throws ConfigException {
    try {
      InetAddress host = InetAddress.getByName(address.getHostString());
      return new InetSocketAddress(host, address.getPort());
    } catch (UnknownHostException e) {
      throw new ConfigException(
          file.path(),
          "%s names the host \"%s\", which is unknown".formatted(key, address.getHostString()),
          e);
    }
  }

  /**
   * Reads the settings of the store.
   *
   * @param readable whose history clients can read, for whom nothing is held, unless the file says
   *     how long that is kept; null if there are no clients
   */
  private static StoreConfig store(ConfigFile file, @Nullable ClusterConfig readable)
      throws ConfigException {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String name : STORE_SETTINGS) {
      String setting =
          file.<@Nullable String>get(
              "store." + name,
              null,
              text -> {
                String made = name + "=" + ConfigValues.plain(text);
                var _ = StoreConfig.parse(made); // refused here, it is said in which line
                return made;
              });
      if (setting != null) {
        settings.put(name, setting);
      }
    }
    if (readable != null && !settings.containsKey("retention")) {
      long bytes = readable.limits().historyBytesMax();
      settings.put("retention", "retention=" + readable.times().snapshotAge());
      settings.putIfAbsent("retentionBytes", "retentionBytes=" + bytes);
    }
    return StoreConfig.parse(String.join("\n", settings.values()));
  }
}
