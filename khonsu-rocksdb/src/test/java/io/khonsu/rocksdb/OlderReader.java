package io.khonsu.rocksdb;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** A process of its own, with an older version of RocksDB: reads a store, and counts its keys. */
final class OlderReader {
  private OlderReader() {}

  /** Prints the version, then each space with its keys; the argument is the directory. */
  public static void main(String[] arguments) throws RocksDBException {
    RocksDB.loadLibrary();
    System.out.println(RocksDB.rocksdbVersion());
    List<ColumnFamilyDescriptor> families = new ArrayList<>();
    try (Options options = new Options();
        ColumnFamilyOptions family = new ColumnFamilyOptions()) {
      for (byte[] name : RocksDB.listColumnFamilies(options, arguments[0])) {
        families.add(new ColumnFamilyDescriptor(name, family));
      }
      List<ColumnFamilyHandle> handles = new ArrayList<>();
      try (DBOptions database = new DBOptions();
          RocksDB db = RocksDB.openReadOnly(database, arguments[0], families, handles)) {
        for (int i = 0; i < handles.size(); i++) {
          System.out.println(
              new String(families.get(i).getName(), StandardCharsets.UTF_8)
                  + " "
                  + count(db, handles.get(i)));
        }
      }
    }
  }

  private static int count(RocksDB db, ColumnFamilyHandle family) throws RocksDBException {
    int keys = 0;
    try (RocksIterator iterator = db.newIterator(family)) {
      for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
        keys += iterator.value().length > 0 ? 1 : 0; // reads it: large ones lie elsewhere
      }
      iterator.status();
    }
    return keys;
  }
}
