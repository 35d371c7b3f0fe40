package io.khonsu;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Carries a call of {@link Transaction#retry} to who handles it: {@link Transaction#orElse} or
 * {@link Khonsu#transact}. Not for catching; an {@code Error}, so that handlers of exceptions in
 * between let it pass.
 */
public final class RetrySignal extends Error {
  @Serial private static final long serialVersionUID = 1;

  private final transient TransactionManager manager;
  private final long transactionId;
  private transient @Nullable Parking parking;

  RetrySignal(TransactionManager manager, long transactionId) {
    super(
        "retry() of transaction %d, to be handled by orElse() or transact()"
            .formatted(transactionId),
        null,
        true,
        false);
    this.manager = manager;
    this.transactionId = transactionId;
  }

  /** {@return whether a transaction of this store and number, in whichever run, called retry()} */
  @SuppressWarnings("ReferenceEquality") // this very store
  boolean isOf(TransactionManager store, long id) {
    return manager == store && transactionId == id;
  }

  /** Says where the transaction is to wait. */
  void setParking(@Nullable Parking place) {
    parking = place;
  }

  /** {@return where to wait; null to run again at once} */
  @Nullable Parking parking() {
    return parking;
  }
}
