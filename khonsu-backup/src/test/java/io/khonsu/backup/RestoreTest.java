package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.backup.BaseBackup.BackupFile;
import io.khonsu.backup.VerifyReport.Finding;
import io.khonsu.durable.DurableSettings;
import io.khonsu.spi.StorageRefusedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.util.ByteArrayReadableSeekableByteChannel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Base backups and restores of a store on disk, and what may be wrong about them. */
@Timeout(300)
class RestoreTest {
  @TempDir Path root;

  private Path archiveDirectory = Path.of("");
  private ArchiveStore archive = new InMemoryArchiveStore();
  private BaseBackup base =
      new BaseBackup(TestArchive.ID, 1, 0, Instant.EPOCH, "", "", Sha256.NONE.hex(), List.of());
  private BaseBackup second = base;
  private TreeMap<Long, Map<String, Long>> states = new TreeMap<>();

  @BeforeEach
  void archiveAStore() throws Exception {
    archiveDirectory = root.resolve("archive");
    archive = DirectoryArchiveStore.create(archiveDirectory);
    Random random = new Random(1);
    try (ArchivedStore store = new ArchivedStore(root.resolve("store"), archive, new TreeMap<>())) {
      store.commitRandom(random, 30);
      base = store.archiver.createBase("first", BackupProgress.NONE);
      assertThat(store.archiver.createBase("again", BackupProgress.NONE)).isEqualTo(base);
      store.commitRandom(random, 30);
      second = store.archiver.createBase("second", BackupProgress.NONE);
      store.commitRandom(random, 10);
      store.awaitArchived();
      states = new TreeMap<>(store.states);
    }
  }

  @Test
  void base_isIncremental() {
    Set<String> shared = new HashSet<>(hashes(base));
    shared.retainAll(hashes(second));

    assertThat(base.version()).isEqualTo(List.copyOf(states.keySet()).get(29));
    assertThat(shared).isNotEmpty();
    assertThat(root.resolve("store").resolve(BaseTaking.SCRATCH)).doesNotExist();
  }

  @Test
  void existingDirectory_isLeftAlone() throws Exception {
    Path full = Files.createDirectory(root.resolve("full"));
    Files.writeString(full.resolve("precious"), "data");
    Path empty = Files.createDirectory(root.resolve("empty"));

    assertThatThrownBy(() -> restore(full))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("overwrites nothing");
    assertThat(full).isDirectoryContaining("glob:**/precious");
    assertThat(full.toFile().list()).hasSize(1);

    restore(empty);
    assertThat(ArchivedStore.read(empty)).isEqualTo(states.lastEntry().getValue());
  }

  /** A restore that crashes at any of its reads has made nothing, and the next one begins anew. */
  @Test
  void crashedRestore_isBegunAnew() throws Exception {
    Path into = root.resolve("restored");
    Backups whole = Backups.open(archive);
    RestorePlan latest = whole.plan(new RestoreTarget.Latest());
    int reads = latest.base().orElseThrow().files().size() + latest.segments();
    for (int read = 1; read <= reads; read++) {
      FailingReads failing = new FailingReads(archive);
      Backups backups = Backups.open(failing);
      RestorePlan plan = backups.plan(new RestoreTarget.Latest());
      failing.left = read;
      assertThatThrownBy(
              () -> backups.restore(plan, into, DurableSettings.defaults(), BackupProgress.NONE))
          .isInstanceOf(IOException.class);
      assertThat(into).doesNotExist();
    }
    restore(into);
    assertThat(ArchivedStore.read(into)).isEqualTo(states.lastEntry().getValue());
    try (Stream<Path> left = Files.list(root)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("archive", "store", "restored");
    }
  }

  /** Until it has its name, nobody else may begin anew where the store is being made. */
  @Test
  void secondRestore_beforeTheFirstHasItsName_isRefused() throws Exception {
    Path into = root.resolve("restored");
    Backups backups = Backups.open(archive);
    RestorePlan plan = backups.plan(new RestoreTarget.Latest());
    List<String> phases = new ArrayList<>();
    BackupProgress meanwhile =
        (phase, done, total) -> {
          phases.add(phase);
          assertThatThrownBy(() -> restore(into))
              .isInstanceOfSatisfying(
                  StorageRefusedException.class,
                  e -> assertThat(e.reason()).isEqualTo(StorageRefusedException.Reason.IN_USE));
        };
    backups.restore(plan, into, DurableSettings.defaults(), meanwhile);

    assertThat(phases).contains("restoring").endsWith("syncing");
    assertThat(ArchivedStore.read(into)).isEqualTo(states.lastEntry().getValue());
  }

  /** It came to be there meanwhile: what was restored does not get its place. */
  @Test
  void targetThatIsFilledMeanwhile_isLeftAlone() throws Exception {
    Path into = root.resolve("restored");
    Backups backups = Backups.open(archive);
    BackupProgress meanwhile =
        (phase, done, total) -> {
          if (phase.equals("syncing")) {
            try {
              Files.writeString(Files.createDirectory(into).resolve("precious"), "data");
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        };

    assertThatThrownBy(() ->
            backups.restore(
                backups.plan(new RestoreTarget.Latest()),
                into,
                DurableSettings.defaults(),
                meanwhile))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("overwrites nothing");
    assertThat(into.toFile().list()).containsExactly("precious");
  }

  /** Each works in a directory of its own. */
  @Test
  void basesMadeAtTheSameTime_inOneScratchDirectory_areWhole() throws Exception {
    Backups backups = Backups.open(archive);
    Path scratch = root.resolve("scratch");
    RestorePlan plan = backups.plan(new RestoreTarget.Latest());
    List<BaseBackup> made = new ArrayList<>();
    BackupProgress meanwhile =
        (phase, done, total) -> {
          if (made.isEmpty()) {
            try {
              made.add(backups.createBase(plan, "inner", scratch, BackupProgress.NONE));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        };
    made.add(backups.createBase(plan, "outer", scratch, meanwhile));

    assertThat(made).hasSize(2).allMatch(one -> one.version() == states.lastKey());
    assertThat(scratch).doesNotExist();
    assertThat(backups.verify(root.resolve("check"), BackupProgress.NONE).findings()).isEmpty();
  }

  @Test
  void truncatedObject_isInNoBase_andSaysWhatToDo() throws Exception {
    Set<String> truncated = new HashSet<>();
    try (ArchivedStore store = new ArchivedStore(root.resolve("store"), archive, states)) {
      assertThat(refusalOfADamagedBase(store, second, truncated))
          .hasMessageContaining("bytes, not")
          .hasMessageContaining("delete it from the archive");

      for (String object : truncated) {
        archive.delete(object);
      }
      BaseBackup third = store.archiver.createBase("third", BackupProgress.NONE);
      assertThat(ArchiveIndex.load(archive).wrong(third)).isEmpty();
      assertThat(refusalOfADamagedBase(store, third, new HashSet<>())).isNotNull();
    }
  }

  /**
   * Truncates the files of a base, and makes the next one, until that would have one of them: it
   * has none where the files have been compacted meanwhile.
   */
  private DamagedArchiveException refusalOfADamagedBase(
      ArchivedStore store, BaseBackup newest, Set<String> truncated) throws IOException {
    BaseBackup last = newest;
    while (true) {
      for (BackupFile file : last.files()) {
        if (file.sizeBytes() > 0 && truncated.add(file.object())) {
          truncate(file);
        }
      }
      store.commitRandom(new Random(3), 5);
      int bases = archive.list(Layout.bases(1)).size();
      try {
        last = store.archiver.createBase("next", BackupProgress.NONE);
      } catch (DamagedArchiveException e) {
        assertThat(archive.list(Layout.bases(1))).hasSize(bases);
        return e;
      }
      assertThat(last.files())
          .extracting(BackupFile::object)
          .doesNotContainAnyElementsOf(truncated);
    }
  }

  @Test
  void objectThatIsTruncatedBeforeARestore_isNamed() throws Exception {
    Backups backups = Backups.open(archive);
    RestorePlan plan = backups.plan(new RestoreTarget.Latest());
    BackupFile file = onlyIn(second, base);
    truncate(file);

    assertThatThrownBy(() ->
            backups.restore(
                plan, root.resolve("restored"), DurableSettings.defaults(), BackupProgress.NONE))
        .isInstanceOf(DamagedArchiveException.class)
        .hasMessageContaining(file.object())
        .hasMessageContaining("it has %d bytes, not %d", file.sizeBytes() / 2, file.sizeBytes());
  }

  private void truncate(BackupFile file) throws IOException {
    Path path = archiveDirectory.resolve(file.object());
    byte[] bytes = Files.readAllBytes(path);
    Files.write(path, Arrays.copyOf(bytes, bytes.length / 2));
  }

  @Test
  void damagedBaseObject_isNamed_andAnOlderBaseIsTaken() throws Exception {
    String object = onlyIn(second, base).object();
    damage(object, bytes -> bytes / 2);

    assertThatThrownBy(() -> restore(root.resolve("restored")))
        .isInstanceOf(DamagedArchiveException.class)
        .hasMessageContaining(object);
    assertThat(root.resolve("restored")).doesNotExist();
    VerifyReport report = Backups.open(archive).verify(VerifyDepth.DATA, BackupProgress.NONE);
    assertThat(report.findings()).extracting(Finding::object).containsExactly(object);

    Files.delete(archiveDirectory.resolve(object));
    restore(root.resolve("restored"));
    assertThat(ArchivedStore.read(root.resolve("restored")))
        .isEqualTo(states.lastEntry().getValue());
  }

  @Test
  void damagedSegment_isNamed() throws Exception {
    List<String> segments =
        archive.list(Layout.log(1)).stream().map(ArchiveStore.StoredObject::name).toList();
    String object = segments.get(segments.size() - 2);
    damage(object, bytes -> 120);

    assertThatThrownBy(() -> restore(root.resolve("restored")))
        .isInstanceOf(DamagedArchiveException.class)
        .hasMessageContaining(object);
  }

  /** A base whose files are whole, but not of what was committed. */
  @Test
  void baseOfAnotherState_isFoundByRestoring() throws Exception {
    BaseBackup wrong =
        new BaseBackup(
            second.archive(),
            second.timeline(),
            second.version(),
            second.created(),
            second.label(),
            second.engine(),
            "0".repeat(64),
            second.files());
    Files.write(archiveDirectory.resolve(second.object()), wrong.bytes());
    Backups backups = Backups.open(archive);

    assertThat(backups.verify(VerifyDepth.DATA, BackupProgress.NONE).isClean()).isTrue();
    assertThat(backups.verify(root.resolve("scratch"), BackupProgress.NONE).findings())
        .containsExactly(
            new Finding(second.object(), "its state hash is not that of what was committed"));
  }

  /** An archive that never saw where the store comes from begins with it, on a first timeline. */
  @Test
  void restoredStore_canBeArchivedIntoANewArchive() throws Exception {
    Path restored = root.resolve("restored");
    restore(restored);
    ArchiveStore other = DirectoryArchiveStore.create(root.resolve("other"));
    Map<String, Long> expected;
    try (ArchivedStore store = new ArchivedStore(restored, other, states)) {
      BaseBackup begin = store.archiver.createBase("begin", BackupProgress.NONE);
      assertThat(begin.version()).isEqualTo(states.lastKey());
      store.commitRandom(new Random(2), 20);
      store.awaitArchived();
      expected = store.states.lastEntry().getValue();
    }
    Backups backups = Backups.open(other);
    assertThat(backups.verify(root.resolve("scratch"), BackupProgress.NONE).findings()).isEmpty();
    Path again = root.resolve("again");
    backups.restore(
        backups.plan(new RestoreTarget.Latest()),
        again,
        DurableSettings.defaults(),
        BackupProgress.NONE);
    assertThat(ArchivedStore.read(again)).isEqualTo(expected);
  }

  @Test
  void export_writesTheRowsAsTheyWere() throws Exception {
    Path restored = root.resolve("restored");
    restore(restored);
    Map<String, Long> expected = new TreeMap<>(states.lastEntry().getValue());
    try (Khonsu db = Khonsu.open(restored);
        Snapshot snapshot = db.snapshot()) {
      for (Table table : db.tables()) {
        ByteArrayOutputStream csv = new ByteArrayOutputStream();
        long rows = TableExport.csv(snapshot, table, csv);
        List<String> lines = Arrays.asList(csv.toString(StandardCharsets.UTF_8).split("\r\n"));
        assertThat(lines.getFirst()).isEqualTo("id,amount");
        assertThat(rows).isEqualTo(lines.size() - 1);
        for (String line : lines.subList(1, lines.size())) {
          int comma = line.indexOf(',');
          assertThat(expected.remove(table.name() + '/' + line.substring(0, comma)))
              .isEqualTo(Long.parseLong(line.substring(comma + 1)));
        }
        ByteArrayOutputStream arrow = new ByteArrayOutputStream();
        assertThat(TableExport.arrow(snapshot, table, arrow)).isEqualTo(rows);
        assertThat(arrowRows(arrow.toByteArray())).isEqualTo(rows);
      }
    }
    assertThat(expected).isEmpty();
  }

  private static long arrowRows(byte[] file) throws IOException {
    long rows = 0;
    try (RootAllocator allocator = new RootAllocator();
        ArrowFileReader reader =
            new ArrowFileReader(new ByteArrayReadableSeekableByteChannel(file), allocator)) {
      while (reader.loadNextBatch()) {
        rows += reader.getVectorSchemaRoot().getRowCount();
      }
    }
    return rows;
  }

  private void restore(Path into) throws IOException {
    Backups backups = Backups.open(archive);
    RestoreResult result =
        backups.restore(
            backups.plan(new RestoreTarget.Latest()),
            into,
            DurableSettings.defaults(),
            BackupProgress.NONE);
    assertThat(result.version()).isEqualTo(states.lastKey());
  }

  private static List<String> hashes(BaseBackup base) {
    return base.files().stream().map(BackupFile::sha256).toList();
  }

  private static BackupFile onlyIn(BaseBackup base, BaseBackup other) {
    return base.files().stream()
        .filter(file -> !hashes(other).contains(file.sha256()))
        .max(Comparator.comparingLong(BackupFile::sizeBytes))
        .orElseThrow();
  }

  private void damage(String object, IntUnaryOperator place) throws IOException {
    Path file = archiveDirectory.resolve(object);
    byte[] bytes = Files.readAllBytes(file);
    bytes[place.applyAsInt(bytes.length)] ^= 1;
    Files.write(file, bytes);
  }

  /** Opens so many objects, then none. */
  private static final class FailingReads extends ForwardingArchiveStore {
    private long left = Long.MAX_VALUE;

    private FailingReads(ArchiveStore archive) {
      super(archive);
    }

    @Override
    public InputStream open(String name) throws IOException {
      if (name.startsWith(Layout.OBJECTS) || name.startsWith(Layout.log(1))) {
        left--;
      }
      if (left <= 0) {
        throw new IOException("the archive is unplugged");
      }
      return super.open(name);
    }
  }
}
