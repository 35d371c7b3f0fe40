package io.khonsu.server.demo;

import io.khonsu.Row;
import io.khonsu.Store;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Tables that numbered transfers are written to. A transfer is one transaction in all of them, and
 * what it writes follows from its writer and number, so that whoever reads the tables knows what
 * must stand there.
 *
 * @param transfers one row a transfer
 * @param legs two rows a transfer, what it took and what it gave
 * @param accounts the sum of the legs of each account; together they are 0
 * @param writers the number of each writer's last transfer; the first is 1
 */
record Transfers(Table transfers, Table legs, Table accounts, Table writers) {
  static final int WRITERS = 4;

  private static final int ACCOUNTS = 50;
  private static final int AMOUNT_MAX = 1_000;
  private static final int NUMBER_BITS = 40;

  /** One of them, which moves an amount between two accounts. */
  record Transfer(long id, long source, long target, long amount) {
    /** {@return the transfer that a writer makes under a number} */
    static Transfer of(long writer, long number) {
      long id = writer << NUMBER_BITS | number;
      SplittableRandom random = new SplittableRandom(id);
      long source = random.nextInt(ACCOUNTS);
      long target = (source + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
      return new Transfer(id, source, target, 1 + random.nextInt(AMOUNT_MAX));
    }

    static long writer(long id) {
      return id >> NUMBER_BITS;
    }

    static long number(long id) {
      return id & ((1L << NUMBER_BITS) - 1);
    }
  }

  /** Finds the tables in a store, and creates those that are not there. */
  static Transfers in(Store db) {
    return new Transfers(
        table(db, "transfers", "source", "target", "amount"),
        table(db, "legs", "account", "amount"),
        table(db, "accounts", "balance"),
        table(db, "writers", "last"));
  }

  private static Table table(Store db, String name, String... columns) {
    List<Field> fields =
        Stream.concat(Stream.of("id"), Stream.of(columns))
            .map(column -> Field.notNullable(column, new ArrowType.Int(Long.SIZE, true)))
            .toList();
    return db.table(name)
        .orElseGet(() -> db.createTable(TableSpec.rows(name, new Schema(fields)).primaryKey("id")));
  }

  /** Commits the next transfer of a writer. */
  Acknowledgement commitNext(Store db, long writer) {
    return db.transact(tx -> {
      long number = tx.get(writers, writer).map(row -> row.getLong("last")).orElse(0L) + 1;
      Transfer transfer = Transfer.of(writer, number);
      tx.upsert(writers, writers.row(writer, number));
      tx.insert(transfers, row(transfer));
      tx.insert(legs, leg(transfer, 0));
      add(tx, transfer.source, -transfer.amount);
      tx.insert(legs, leg(transfer, 1));
      add(tx, transfer.target, transfer.amount);
      return new Acknowledgement(writer, number, tx.commit().version());
    });
  }

  private void add(Transaction tx, long account, long amount) {
    long balance = tx.get(accounts, account).map(row -> row.getLong("balance")).orElse(0L);
    tx.upsert(accounts, accounts.row(account, balance + amount));
  }

  /** {@return the row of a transfer} */
  Row row(Transfer transfer) {
    return transfers.row(transfer.id, transfer.source, transfer.target, transfer.amount);
  }

  /** {@return one of a transfer's legs: 0 is what was taken, 1 what was given} */
  Row leg(Transfer transfer, int side) {
    return side == 0
        ? legs.row(transfer.id << 1, transfer.source, -transfer.amount)
        : legs.row(transfer.id << 1 | 1, transfer.target, transfer.amount);
  }

  /** A transfer whose commit has returned, and the version it got. */
  record Acknowledgement(long writer, long number, long version) {
    /** Reads what {@link #line} wrote. */
    static Acknowledgement parse(String line) {
      String[] parts = line.split(" ", -1);
      return new Acknowledgement(
          Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
    }

    String line() {
      return writer + " " + number + " " + version;
    }
  }
}
