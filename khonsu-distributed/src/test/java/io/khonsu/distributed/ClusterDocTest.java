package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.TableSpec;
import io.khonsu.backup.ArchiveStore;
import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.backup.BackupProgress;
import io.khonsu.backup.Backups;
import io.khonsu.backup.BaseBackup;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestoreTarget;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/cluster.md and docs/backup.md: they run, and they stand there. */
class ClusterDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "distributed", "ClusterDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "cluster.md");
  private static final Path BACKUP_PAGE = Path.of("..", "docs", "backup.md");

  @TempDir private Path root;

  @Test
  void example_runs() throws IOException {
    long clusterId = 42;
    Transport transport = new LocalNetwork().of(1);
    KeyValueStore disk =
        new InMemoryKeyValueEngine()
            .open(
                Path.of("one"),
                new KeyValueEngine.Options(
                    KeyValueEngine.Use.LOG,
                    KeyValueEngine.Presence.NEW,
                    DistributedCommitManager.spaces()));
    // region join
    ClusterConfig config = ClusterConfig.of(clusterId, /* node= */ 1, /* nodes...= */ 1);
    Surroundings around =
        new Surroundings(
            StoreConfig.defaults(), disk, transport, null, InstantSource.system(), Set.of());
    try (ClusterMember member = Cluster.join(config, NodePresence.NEW, around)) {
      Khonsu store = member.store(); // as embedded: transact, begin, readOnly, watch ...
      // endregion
      try (Snapshot snapshot = store.snapshot()) {
        assertThat(snapshot.version()).isEqualTo(store.newestVersion());
      }
    }
  }

  @Test
  void archiveExample_runs() throws Exception {
    Path place = root.resolve("archive");
    Path scratch = root.resolve("scratch");
    try (Nodes nodes = new Nodes(1)) {
      ClusterMember member = nodes.member(1);
      long version;
      // region archive
      ArchiveStore archive = DirectoryArchiveStore.at(place);
      try (Archiver archiver =
          Archiver.start(member.history(), archive, ArchiverOptions.defaults())) {
        version = commitSomething(member.store());
        archiver.awaitArchived(version, Duration.ofMinutes(5));
        Backups backups = Backups.open(archive);
        RestorePlan newest = backups.plan(new RestoreTarget.Latest());
        backups.createBase(newest, "nightly", scratch, BackupProgress.NONE); // now and then
      }
      // endregion
      assertThat(Backups.open(archive).status().bases())
          .extracting(BaseBackup::version)
          .containsExactly(version);
    }
  }

  private static long commitSomething(Khonsu store) {
    Schema schema = new Schema(List.of(Field.notNullable("id", ArrowType.Utf8.INSTANCE)));
    var _ = store.createTable(TableSpec.rows("accounts", schema).primaryKey("id"));
    return store.newestVersion();
  }

  @Test
  void examples_standOnTheirPages() throws IOException {
    assertThat(Files.readString(PAGE)).contains(region("join"));
    assertThat(Files.readString(BACKUP_PAGE)).contains(region("archive"));
  }

  private static String region(String name) throws IOException {
    String source = Files.readString(SOURCE);
    String start = "// region %s\n".formatted(name);
    int from = source.indexOf(start) + start.length();
    String region = source.substring(from, source.indexOf("      // endregion", from));
    return region.stripTrailing().stripIndent();
  }
}
