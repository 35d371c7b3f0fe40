package io.khonsu.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link CommitLog} must do. Extend it: each test has a place of its own, made once and
 * then opened several times, one log at a time.
 */
public abstract class CommitLogContract {
  private CommitLog log;

  /** {@return an empty log at this test's place, where there was none} */
  protected abstract CommitLog create() throws IOException;

  /** {@return the log at this test's place} */
  protected abstract CommitLog open() throws IOException;

  @BeforeEach
  final void createFirst() throws IOException {
    log = create();
  }

  @AfterEach
  final void closeLast() throws IOException {
    log.close();
  }

  @Test
  void log_new_isEmpty() throws IOException {
    for (int run = 0; run < 2; run++) {
      assertThat(log.lastVersion()).isZero();
      assertThat(log.trimmedVersion()).isZero();
      assertThat(read(0)).isEmpty();
      reopen();
    }
  }

  @Test
  void read_givesWhatWasAppended_afterAVersion() throws IOException {
    List<LogRecord> records = List.of(record(3, 10), record(5, 0), record(9, 300), record(10, 1));
    log.append(records.subList(0, 1), Sync.SYNCED);
    log.append(records.subList(1, 4), Sync.WRITTEN);
    for (int run = 0; run < 2; run++) {
      assertThat(read(0)).isEqualTo(records);
      assertThat(read(2)).isEqualTo(records);
      assertThat(read(3)).isEqualTo(records.subList(1, 4));
      assertThat(read(4)).isEqualTo(records.subList(1, 4));
      assertThat(read(9)).isEqualTo(records.subList(3, 4));
      assertThat(read(10)).isEmpty();
      assertThat(read(11)).isEmpty();
      assertThat(log.lastVersion()).isEqualTo(10);
      reopen();
    }
  }

  @Test
  void synced_tellsWhatSurvives() throws IOException {
    log.append(List.of(record(1, 1)), Sync.WRITTEN);
    assertThat(log.syncedVersion()).isZero();
    log.sync();
    assertThat(log.syncedVersion()).isEqualTo(1);
    log.append(List.of(record(2, 1)), Sync.WRITTEN);
    log.append(List.of(record(3, 1)), Sync.SYNCED);
    assertThat(log.syncedVersion()).isEqualTo(3);
    reopen();
    assertThat(log.syncedVersion()).isEqualTo(3);
  }

  @Test
  void versions_notAscending_areRefused_andTheLogGoesOn() throws IOException {
    log.append(List.of(record(5, 1)), Sync.SYNCED);
    for (List<LogRecord> refused :
        List.of(
            List.of(record(5, 1)),
            List.of(record(4, 1)),
            List.of(record(6, 1), record(8, 1), record(7, 1)))) {
      assertThatThrownBy(() -> log.append(refused, Sync.SYNCED))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(UncertainOutcomeException.class);
    }
    log.append(List.of(record(7, 1)), Sync.SYNCED);
    reopen();
    assertThat(read(0)).isEqualTo(List.of(record(5, 1), record(7, 1)));
  }

  @Test
  void versions_extreme_areKept() throws IOException {
    List<LogRecord> records =
        List.of(record(1, 1), record(1L << 62, 1), record(Long.MAX_VALUE - 1, 2));
    log.append(records, Sync.SYNCED);
    log.append(List.of(record(Long.MAX_VALUE, 3)), Sync.SYNCED);
    reopen();
    assertThat(read(0)).hasSize(4).startsWith(records.toArray(LogRecord[]::new));
    assertThat(read(Long.MAX_VALUE - 1)).containsExactly(record(Long.MAX_VALUE, 3));
    assertThat(read(Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void records_large_areKept() throws IOException {
    List<LogRecord> records =
        List.of(record(1, 3_000_000), record(2, 17), record(3, 1 << 20), record(4, 2_500_000));
    log.append(records, Sync.SYNCED);
    log.append(List.of(record(5, 8)), Sync.SYNCED);
    reopen();
    assertThat(read(0)).hasSize(5).startsWith(records.toArray(LogRecord[]::new));
  }

  @Test
  void trim_letsGoOfTheOldest_andKeepsTheNewest() throws IOException {
    List<LogRecord> records = fill(400);
    log.trim(0);
    assertThat(read(0)).isEqualTo(records);
    log.trim(150);
    long trimmed = log.trimmedVersion();
    assertThat(trimmed).isBetween(0L, 150L);
    assertThat(read(150)).isEqualTo(records.subList(150, 400));
    reopen();
    assertThat(log.trimmedVersion()).isEqualTo(trimmed);
    if (trimmed > 0) {
      assertThatThrownBy(() -> read(trimmed - 1)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(read(trimmed)).isEqualTo(records.subList((int) trimmed, 400));
    log.trim(Long.MAX_VALUE);
    assertThat(log.lastVersion()).isEqualTo(400);
    assertThat(log.trimmedVersion()).isLessThan(400);
    reopen();
    assertThat(log.lastVersion()).isEqualTo(400);
    assertThat(read(399)).containsExactly(records.get(399));
    log.append(List.of(record(500, 10)), Sync.SYNCED);
    reopen();
    assertThat(read(399)).containsExactly(records.get(399), record(500, 10));
  }

  @Test
  void trim_boundsWhatIsUsed() throws IOException {
    var _ = fill(100);
    long version = 100;
    long bound = Math.max(log.sizeBytes(), 4 << 20);
    for (int round = 0; round < 60; round++) {
      List<LogRecord> records = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        records.add(record(++version, 10_000));
      }
      log.append(records, Sync.WRITTEN);
      log.trim(version - 10);
    }
    log.sync();
    assertThat(read(version - 10)).hasSize(10);
    assertThat(log.trimmedVersion()).isGreaterThan(version - 1_000);
    assertThat(log.sizeBytes()).isLessThan(bound + version * 10_000);
  }

  @Test
  void read_whileOthersAppendAndTrim_seesAWholePart() throws Exception {
    var _ = fill(50);
    Thread appender =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 51; i <= 600; i++) {
                  log.append(List.of(record(i, i % 700)), Sync.WRITTEN);
                }
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    long seen = 50;
    while (seen < 600) {
      List<LogRecord> records = read(seen);
      for (LogRecord record : records) {
        assertThat(record).isEqualTo(record(++seen, record.bytes().length));
      }
      log.trim(seen - 1);
    }
    appender.join();
  }

  @Test
  void receiver_throws_endsReading() throws IOException {
    var _ = fill(3);
    IOException enough = new IOException("enough");
    assertThatThrownBy(() ->
            log.read(
                1,
                _ -> {
                  throw enough;
                }))
        .isSameAs(enough);
    assertThat(read(0)).hasSize(3);
  }

  @Test
  void use_afterClose_isAnException() throws IOException {
    var _ = fill(3);
    log.close();
    log.close();
    assertThatThrownBy(() -> log.append(List.of(record(9, 1)), Sync.SYNCED))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> read(0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> log.sync()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> log.trim(2)).isInstanceOf(IllegalStateException.class);
  }

  private List<LogRecord> fill(int count) throws IOException {
    List<LogRecord> records = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      LogRecord record = record(i, 10 * (i % 50));
      log.append(List.of(record), Sync.WRITTEN);
      records.add(record);
    }
    return records;
  }

  private List<LogRecord> read(long afterVersion) throws IOException {
    List<LogRecord> records = new ArrayList<>();
    log.read(afterVersion, records::add);
    return records;
  }

  private void reopen() throws IOException {
    log.close();
    log = open();
  }

  private static LogRecord record(long version, int length) {
    byte[] bytes = new byte[length];
    new Random(version).nextBytes(bytes);
    return new LogRecord(version, bytes);
  }
}
