package io.khonsu.server.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.khonsu.StoreException;
import io.khonsu.TableExistsException;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Writers on a node, each of which makes one transfer after another for as long as the node runs.
 * Every transfer that is known to be committed is a line of a file.
 */
public final class ClusterLoad {
  /** How many writers a node has. */
  static final int WRITERS = 2;

  private static final Duration PAUSE = Duration.ofMillis(20);

  private final ClusterMember member;
  private final FileChannel file;

  private ClusterLoad(ClusterMember member, FileChannel file) {
    this.member = member;
    this.file = file;
  }

  /**
   * Starts the writers of a node, on threads that end with it.
   *
   * @param path the file, which is appended to
   */
  public static void start(ClusterMember member, Path path) throws IOException {
    FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    ClusterLoad load = new ClusterLoad(member, file);
    long first = member.status().node() * WRITERS;
    for (long writer = first; writer < first + WRITERS; writer++) {
      long own = writer;
      Thread.ofPlatform().daemon().name("khonsu-writer-" + own).start(() -> load.run(own));
    }
  }

  private void run(long writer) {
    Transfers tables = null;
    boolean isUsable = true;
    while (isUsable) {
      try {
        tables = tables == null ? tables() : tables;
        if (tables != null) {
          print(tables.commitNext(member.store(), writer));
        }
      } catch (StoreException e) {
        // An unknown outcome too: the next attempt begins by looking how far the writer has come.
        isUsable = pause(e);
      }
    }
  }

  /** {@return the tables, or null if another node has just made one: look again} */
  private @Nullable Transfers tables() {
    try {
      member.store().readOnly(_ -> true); // brings what other nodes made
      return Transfers.in(member.store());
    } catch (TableExistsException _) {
      return null;
    }
  }

  /** {@return whether it makes sense to try again, after a while} */
  private static boolean pause(StoreException e) {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException _) {
      return false;
    }
    return e.retry() != StoreException.Retry.NEVER;
  }

  /** One write a line: lines of several threads do not mix, and what was written stays. */
  private void print(Acknowledgement acknowledged) {
    try {
      var _ = file.write(ByteBuffer.wrap((acknowledged.line() + "\n").getBytes(US_ASCII)));
    } catch (IOException e) {
      throw new UncheckedIOException("acknowledgements cannot be written", e);
    }
  }
}
