package io.khonsu;

import io.khonsu.spi.CommitOrder;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The order of a replica whose requests are applied by hand: nobody commits through it. */
final class NoOrder implements CommitOrder {
  @Override
  public CompletionStage<Reply> submit(byte[] request) {
    return CompletableFuture.completedFuture(new Reply.Unavailable("it is a test"));
  }

  @Override
  public CompletionStage<Reply> awaitCurrent(long stalenessNanosMax) {
    return CompletableFuture.completedFuture(new Reply.Decided(new byte[0]));
  }

  @Override
  public CompletionStage<CommitStatus> outcome(long commitId) {
    return CompletableFuture.completedFuture(new CommitStatus.Forgotten());
  }

  @Override
  public void close() {}
}
