package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.CommitOutcomeUnknownException;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.OpenRefusedException;
import io.khonsu.Snapshot;
import io.khonsu.StorageException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.UnavailableException;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.Configurations;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.spi.NodeStarter;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.MalformedURLException;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Objects;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Khonsu#join} refuses, and what a store says whose node has failed. */
@Timeout(300)
class JoinRefusedTest {
  private static final String SERVICE = "META-INF/services/" + NodeStarter.class.getName();
  private static final TableSpec NUMBERS =
      TableSpec.rows(
              "numbers",
              new Schema(List.of(Field.notNullable("id", new ArrowType.Int(Long.SIZE, true)))))
          .primaryKey("id");

  @TempDir private Path root;
  private Path file;

  @BeforeEach
  void writeFile() throws IOException {
    file = Configurations.write(root, 1);
  }

  private void append(String lines) throws IOException {
    Files.writeString(file, lines, StandardOpenOption.APPEND);
  }

  private void assertBadFile(String... texts) {
    assertThatThrownBy(() -> Khonsu.join(file, NodePresence.NEW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContainingAll(texts);
    assertThat(root.resolve("node-1")).doesNotExist();
  }

  private void assertRefused(NodePresence presence, Reason reason, String text) {
    assertThatThrownBy(() -> Khonsu.join(file, presence))
        .isInstanceOfSatisfying(
            OpenRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(text);
  }

  @Test
  @SuppressWarnings("NullAway") // that is what is tested
  void missingArguments_areNamed() {
    assertThatThrownBy(() -> Khonsu.join(null)).hasMessage("configFile");
    assertThatThrownBy(() -> Khonsu.join(file, null)).hasMessage("presence");
  }

  @Test
  void fileThatIsMissing_orADirectory_isNamed() throws IOException {
    Files.delete(file);
    assertBadFile("there is no such file");
    Files.createDirectory(file);
    assertBadFile("cannot be read");
  }

  @Test
  void wrongLines_areNamed() throws IOException {
    String right = Files.readString(file);
    append("comitTimeout = 5s\n");
    assertBadFile(":6: ", "comitTimeout is unknown; did you mean commitTimeout?");
    Files.writeString(file, right + "commitTimeout = soon\n");
    assertBadFile(":6: ", "commitTimeout is \"soon\"");
    Files.writeString(file, right.replace("cluster = 9\n", ""));
    assertBadFile("cluster is missing");
  }

  @Test
  void listenersForOtherMachines_needTls() throws IOException {
    append("client = 0.0.0.0:%d%n".formatted(Configurations.freePort()));
    assertThatThrownBy(() -> Khonsu.join(file, NodePresence.NEW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("TLS");
  }

  @Test
  void certificateThatIsNotThere_isNamed_withItsKey() throws IOException {
    append("tls.certificate = a.pem\ntls.key = b.key\ntls.authorities = c.pem\n");
    assertThatThrownBy(() -> Khonsu.join(file, NodePresence.NEW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(file.toString(), "tls.certificate names", "which is not there");
  }

  @Test
  void disk_isThatOfThisNode_orRefused() throws Exception {
    assertRefused(NodePresence.EXISTING, Reason.DATA_LOSS, "does not hold node 1");
    assertThat(root.resolve("node-1")).doesNotExist();
    try (Khonsu db = Khonsu.join(file, NodePresence.NEW)) {
      assertThat(db.createTable(NUMBERS).name()).isEqualTo("numbers");
      Path twin = Files.writeString(root.resolve("twin.conf"), withOtherPorts());
      assertThatThrownBy(() -> Khonsu.join(twin))
          .isInstanceOfSatisfying(
              OpenRefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.IN_USE));
    }
    assertRefused(NodePresence.NEW, Reason.NOT_A_STORE, "not as new");
    assertRefused(NodePresence.JOINING, Reason.NOT_A_STORE, "not as new");
    Files.writeString(file, Files.readString(file).replace("cluster = 9", "cluster = 10"));
    assertRefused(NodePresence.EXISTING, Reason.FOREIGN_PART, "belongs to node 1");
  }

  private String withOtherPorts() throws Exception {
    String text = Files.readString(file);
    for (int port : Configurations.ports(file)) {
      text = text.replace(":" + port, ":" + Configurations.freePort());
    }
    return text;
  }

  @Test
  void portsThatAreTaken_areNamed_andNothingIsLeftOpen() throws Exception {
    append("client = 127.0.0.1:%d%n".formatted(Configurations.freePort()));
    try (Khonsu db = Khonsu.join(file, NodePresence.NEW)) {
      assertThat(db.tables()).isEmpty();
    }
    for (int port : Configurations.ports(file)) {
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        assertThatThrownBy(() -> Khonsu.join(file))
            .isInstanceOf(UnavailableException.class)
            .hasMessageContaining("127.0.0.1:%d cannot be listened at", port)
            .hasMessageContaining("set another");
      }
    }
    try (Khonsu db = Khonsu.join(file)) {
      assertThat(db.tables()).isEmpty();
    }
  }

  /** Loads all classes anew, and finds other services than this process. */
  private static final class OtherServices extends URLClassLoader {
    private final List<URL> services;

    private OtherServices(List<URL> services) throws MalformedURLException {
      super(classPath(), ClassLoader.getPlatformClassLoader());
      this.services = services;
    }

    private static URL[] classPath() throws MalformedURLException {
      List<URL> urls = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      return urls.toArray(URL[]::new);
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
      return name.equals(SERVICE) ? Collections.enumeration(services) : super.getResources(name);
    }
  }

  private Throwable failureAmong(List<URL> services) throws Exception {
    try (OtherServices loader = new OtherServices(services)) {
      loader
          .loadClass(Khonsu.class.getName())
          .getMethod("join", Path.class)
          .invoke(null, root.resolve("none"));
      throw new AssertionError("it has joined");
    } catch (InvocationTargetException e) {
      return Objects.requireNonNull(e.getCause());
    }
  }

  /** Is never asked to do anything. */
  public static final class OtherStarter implements NodeStarter {
    @Override
    public Node start(Path configFile, NodePresence presence) {
      throw new AssertionError("there are two");
    }
  }

  @Test
  void classPath_mustHoldOneThatCanJoin() throws Exception {
    assertThat(failureAmong(List.of()))
        .hasToString(
            OpenRefusedException.class.getName()
                + ": MISSING_ENGINE: there are no nodes of clusters on the class path: add the"
                + " dependency io.khonsu:khonsu-server");
    Path other = Files.writeString(root.resolve("services"), OtherStarter.class.getName() + "\n");
    List<URL> both =
        List.of(
            Collections.list(getClass().getClassLoader().getResources(SERVICE)).getFirst(),
            other.toUri().toURL());
    assertThat(failureAmong(both))
        .hasMessageContaining("there are several nodes of clusters on the class path: leave one of")
        .hasMessageContaining(OtherStarter.class.getName());
    assertThat(failureAmong(both.subList(0, 1))).hasMessageContaining("there is no such file");
  }

  @Test
  void nodeWhoseDiskFails_saysSo_andIsClosed() throws Exception {
    Path directory = root.resolve("node-1");
    Path elsewhere = root.resolve("elsewhere");
    AdminClient admin = new AdminClient(NodeConfig.readAdmin(file));
    try (Khonsu db = Khonsu.join(file, NodePresence.NEW)) {
      Table table = db.createTable(NUMBERS);
      db.run(tx -> tx.insert(table, table.row(1L)));
      Files.move(directory, elsewhere); // it writes a file there every few seconds
      assertThatThrownBy(() -> commitForEver(db, table))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("the node has failed")
          .hasRootCauseInstanceOf(IOException.class);
      assertThatThrownBy(db::snapshot).isInstanceOf(StorageException.class);
      try (Snapshot snapshot = db.localSnapshot()) {
        assertThat(snapshot.contains(table, 1L)).isTrue();
      }
      assertThat(admin.status().path("problem").asText()).startsWith("the node has stopped");
      Files.move(elsewhere, directory);
    }
    try (Khonsu db = Khonsu.join(file)) {
      Table table = db.table("numbers").orElseThrow();
      boolean isThere = db.readOnly(snapshot -> snapshot.contains(table, 1L));
      assertThat(isThere).isTrue();
    }
  }

  private static void commitForEver(Khonsu db, Table table) {
    while (true) {
      try {
        db.run(tx -> tx.upsert(table, table.row(2L)));
      } catch (CommitOutcomeUnknownException e) {
        assertThat(e.commitId()).isPresent(); // it was under way
      }
    }
  }
}
