/**
 * Key-value stores on RocksDB, inside this process: put this module on the class path, and stores
 * are opened by their path.
 *
 * <p>RocksDB's Java objects point to memory that is gone once they are closed; using one crashes
 * the virtual machine. So nothing of RocksDB leaves this package, and {@link
 * io.khonsu.rocksdb.RocksDbStore} lets nobody into a closed one.
 */
@NullMarked
package io.khonsu.rocksdb;

import org.jspecify.annotations.NullMarked;
