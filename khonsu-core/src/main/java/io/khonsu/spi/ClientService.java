package io.khonsu.spi;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Answers what remote clients ask a node: bytes in, bytes out. Thread-safe. */
@FunctionalInterface
public interface ClientService {
  /**
   * {@return the answer to a question} Waits for what that takes.
   *
   * @param question any bytes; nobody changes them any more
   */
  byte[] answer(byte[] question);

  /**
   * {@return the same, when it is there} Does not block. The stage is completed by threads that
   * must not be held up.
   *
   * @param waiting runs what has to wait, on a thread for each
   */
  default CompletionStage<byte[]> answer(byte[] question, Executor waiting) {
    return CompletableFuture.supplyAsync(() -> answer(question), waiting);
  }
}
