package io.khonsu.spi;

import io.khonsu.TableSpec;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes a state, as commits have left it, piece by piece: all tables, then all items. */
public interface StateReceiver {
  /** A table that there is. */
  void table(int tableId, long version, TableSpec spec) throws IOException;

  /**
   * An item of a table that was named before; those of a table come together, keys ascending.
   *
   * @param key encoded as the table orders it
   * @param version the commit that wrote it last
   * @param frame of a row table one row, of a batch table the batch
   */
  void item(int tableId, ByteBuffer key, long version, ByteBuffer frame) throws IOException;

  /**
   * What commits up to a version have come to.
   *
   * @param version that of the newest commit in it, or 0 if there is none
   * @param transactionId the greatest id of their transactions
   * @param tableId the greatest number that a table has had
   */
  record Extent(long version, long transactionId, int tableId) {
    /** The extent of no commit. */
    public static final Extent NONE = new Extent(0, 0, 0);
  }
}
