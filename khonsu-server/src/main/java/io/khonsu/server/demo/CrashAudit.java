package io.khonsu.server.demo;

import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.Store;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import io.khonsu.server.demo.Transfers.Transfer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a store says after the process that wrote to it was killed.
 *
 * @param version the newest of the store
 * @param lasts the number of each writer's last transfer that is there
 * @param missing transfers that were acknowledged and are not there
 * @param faults what else is wrong, in words: transfers in part, sums that do not add up
 */
record CrashAudit(long version, Map<Long, Long> lasts, long missing, List<String> faults) {
  /** Of a store that nobody has written to. */
  static final CrashAudit EMPTY = new CrashAudit(0, Map.of(), 0, List.of());

  private static final int FAULTS_MAX = 20;

  CrashAudit {
    lasts = Map.copyOf(lasts);
    faults = List.copyOf(faults);
  }

  /** {@return how many transfers are there} */
  long transfers() {
    return lasts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** {@return whether nothing is missing and nothing is wrong} */
  boolean holds() {
    return missing == 0 && faults.isEmpty();
  }

  /** How much a writer may have done that it could not tell any more. */
  enum Untold {
    /** One transfer, the last. */
    LAST,
    /** Any, as the writer was interrupted again and again. */
    ANY
  }

  /**
   * Audits an open store.
   *
   * @param before what it held when the process was started
   * @param acknowledged what the process had acknowledged since
   */
  static CrashAudit of(Store db, CrashAudit before, List<Acknowledgement> acknowledged) {
    return of(db, before, acknowledged, Untold.LAST);
  }

  /** Audits an open store, with writers of which so much may be unknown. */
  static CrashAudit of(
      Store db, CrashAudit before, List<Acknowledgement> acknowledged, Untold untold) {
    Transfers tables = Transfers.in(db);
    List<String> faults = new ArrayList<>();
    checkVersions(acknowledged, before.version, untold, faults);
    try (Snapshot snapshot = db.snapshot()) {
      Map<Long, Long> lasts =
          snapshot.scan(tables.writers()).rows().stream()
              .collect(Collectors.toMap(row -> row.getLong("id"), row -> row.getLong("last")));
      checkTransfers(snapshot, tables, lasts, faults);
      checkAccounts(snapshot, tables, lasts, faults);
      Map<Long, Long> reached = new TreeMap<>(before.lasts);
      acknowledged.forEach(commit -> reached.merge(commit.writer(), commit.number(), Math::max));
      long missing = 0;
      Set<Long> writers = new TreeSet<>(lasts.keySet());
      writers.addAll(reached.keySet());
      for (long writer : writers) {
        long ahead = lasts.getOrDefault(writer, 0L) - reached.getOrDefault(writer, 0L);
        missing += Math.max(0, -ahead);
        if (ahead > 1 && untold == Untold.LAST) {
          faults.add("writer " + writer + " is " + ahead + " transfers ahead of its last");
        }
      }
      long version = snapshot.version();
      if (missing == 0 && acknowledged.stream().anyMatch(commit -> commit.version() > version)) {
        faults.add("the newest version, " + version + ", is older than an acknowledged one");
      }
      return new CrashAudit(
          version, lasts, missing, faults.subList(0, Math.min(FAULTS_MAX, faults.size())));
    }
  }

  private static void checkVersions(
      List<Acknowledgement> acknowledged, long older, Untold untold, List<String> faults) {
    Map<Long, Acknowledgement> latest = new TreeMap<>();
    Set<Long> versions = new HashSet<>();
    for (Acknowledgement commit : acknowledged) {
      Acknowledgement previous = latest.put(commit.writer(), commit);
      long step = previous == null ? 1 : commit.number() - previous.number();
      boolean isNext = step == 1 || (step > 1 && untold == Untold.ANY);
      long floor = previous == null ? older : previous.version();
      if (!isNext || commit.version() <= floor || !versions.add(commit.version())) {
        faults.add(commit + " came after " + previous + " and version " + floor);
      }
    }
  }

  /** As keys are unique, rows that all are expected, and as many as expected, are all of them. */
  private static void checkTransfers(
      Snapshot snapshot, Transfers tables, Map<Long, Long> lasts, List<String> faults) {
    long expected = lasts.values().stream().mapToLong(Long::longValue).sum();
    List<Row> transfers = snapshot.scan(tables.transfers()).rows();
    List<Row> legs = snapshot.scan(tables.legs()).rows();
    if (transfers.size() != expected || legs.size() != 2 * expected) {
      faults.add(
          "%d transfers have %d rows and %d legs"
              .formatted(expected, transfers.size(), legs.size()));
    }
    for (Row row : transfers) {
      long id = row.getLong("id");
      if (!isWithin(lasts, id) || !row.equals(tables.row(transfer(id)))) {
        faults.add("transfer " + row);
      }
    }
    for (Row row : legs) {
      long id = row.getLong("id");
      if (!isWithin(lasts, id >> 1) || !row.equals(tables.leg(transfer(id >> 1), (int) id & 1))) {
        faults.add("leg " + row);
      }
    }
  }

  private static Transfer transfer(long id) {
    return Transfer.of(Transfer.writer(id), Transfer.number(id));
  }

  private static boolean isWithin(Map<Long, Long> lasts, long id) {
    long number = Transfer.number(id);
    return number >= 1 && number <= lasts.getOrDefault(Transfer.writer(id), 0L);
  }

  private static void checkAccounts(
      Snapshot snapshot, Transfers tables, Map<Long, Long> lasts, List<String> faults) {
    Map<Long, Long> expected = new TreeMap<>();
    lasts.forEach((writer, last) -> {
      for (long number = 1; number <= last; number++) {
        Transfer transfer = Transfer.of(writer, number);
        expected.merge(transfer.source(), -transfer.amount(), Long::sum);
        expected.merge(transfer.target(), transfer.amount(), Long::sum);
      }
    });
    Map<Long, Long> found =
        snapshot.scan(tables.accounts()).rows().stream()
            .collect(Collectors.toMap(row -> row.getLong("id"), row -> row.getLong("balance")));
    long total = found.values().stream().mapToLong(Long::longValue).sum();
    if (total != 0 || !found.equals(expected)) {
      faults.add("accounts add up to " + total + ": " + found + " instead of " + expected);
    }
  }
}
