package io.khonsu.backup;

import io.khonsu.TableSpec;
import io.khonsu.durable.StateStore;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.List;

/** A hash of all tables and items of a state: equal if the states are, whatever their files are. */
final class StateHash implements StateReceiver {
  private final MessageDigest digest = Sha256.digest();

  private StateHash() {}

  /** {@return the hash of a state as it is now, in hexadecimal digits} */
  static String of(StateStore state) throws IOException {
    StateHash hash = new StateHash();
    Extent extent = state.read(hash);
    hash.digest.update(ByteBuffer.allocate(8).putLong(extent.version()).flip());
    return Sha256.of(hash.digest.digest()).hex();
  }

  @Override
  public void table(int tableId, long version, TableSpec spec) {
    Mutation creation = new Mutation.CreateTable(tableId, spec);
    add(TransactionCodec.encode(new CommittedTransaction(version, 0, List.of(creation))));
  }

  @Override
  public void item(int tableId, ByteBuffer key, long version, ByteBuffer frame) {
    digest.update(
        ByteBuffer.allocate(20)
            .putInt(tableId)
            .putLong(version)
            .putInt(key.remaining())
            .putInt(frame.remaining())
            .flip());
    digest.update(key.duplicate());
    digest.update(frame.duplicate());
  }

  private void add(byte[] bytes) {
    digest.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
    digest.update(bytes);
  }
}
