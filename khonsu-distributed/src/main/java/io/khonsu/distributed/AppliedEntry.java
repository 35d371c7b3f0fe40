package io.khonsu.distributed;

import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What an entry of the log has changed, as it is kept on the disk: commits that changed just what
 * they asked for are in the entry itself, and not written a second time.
 *
 * <p>Format 1, numbers big-endian: format version in a byte, the index in 8, then each commit: its
 * version in 8, its size in 4, a byte that says whether it is here, and then the commit if it is.
 *
 * @param index of the entry; {@link #NO_ENTRY} if all commits are here
 * @param commits at least one; versions ascend
 */
record AppliedEntry(long index, List<Commit> commits) {
  /** The index of none. */
  static final long NO_ENTRY = -1;

  private static final byte FORMAT_VERSION = 1;
  private static final int HEADER_BYTES = 1 + Long.BYTES;
  private static final int COMMIT_BYTES = Long.BYTES + Integer.BYTES + 1;

  /** A commit that an entry has made. */
  sealed interface Commit {
    /** {@return its version} */
    long version();

    /** {@return its size in bytes, encoded} */
    int sizeBytes();
  }

  /** One that is in the entry. */
  record Asked(long version, int sizeBytes) implements Commit {}

  /** One that is here. */
  record Made(LogRecord record) implements Commit {
    @Override
    public long version() {
      return record.version();
    }

    @Override
    public int sizeBytes() {
      return record.bytes().length;
    }
  }

  /** Copies the list. */
  AppliedEntry {
    commits = List.copyOf(commits);
  }

  /**
   * A commit that was applied.
   *
   * @param isAsAsked whether the request alone gives it
   */
  record Change(CommittedTransaction commit, boolean isAsAsked) {
    private Commit kept() {
      return isAsAsked
          ? new Asked(commit.version(), commit.sizeBytes())
          : new Made(commit.record());
    }
  }

  /** {@return what is kept of the changes of an entry} */
  static AppliedEntry of(long index, List<Change> changes) {
    return new AppliedEntry(index, changes.stream().map(Change::kept).toList());
  }

  /** {@return the version of the last commit} */
  long lastVersion() {
    return commits.getLast().version();
  }

  byte[] encode() {
    ByteArrayOutputStream out =
        new ByteArrayOutputStream(HEADER_BYTES + COMMIT_BYTES * commits.size());
    out.write(FORMAT_VERSION);
    out.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(index).array());
    for (Commit commit : commits) {
      ByteBuffer head = ByteBuffer.allocate(COMMIT_BYTES);
      head.putLong(commit.version()).putInt(commit.sizeBytes());
      if (commit instanceof Made made) {
        out.writeBytes(head.put((byte) 1).array());
        out.writeBytes(made.record.bytes());
      } else {
        out.writeBytes(head.array());
      }
    }
    return out.toByteArray();
  }

  /**
   * {@return the entry of bytes}
   *
   * @throws DamagedStorageException if they are not as they were written
   */
  static AppliedEntry decode(byte[] bytes) throws DamagedStorageException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new IllegalArgumentException("they have format version " + format);
      }
      long index = in.getLong();
      List<Commit> commits = new ArrayList<>();
      do {
        commits.add(commit(in));
      } while (in.hasRemaining());
      return new AppliedEntry(index, commits);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      DamagedStorageException damage =
          new DamagedStorageException("applied commits cannot be read: " + e.getMessage());
      damage.initCause(e);
      throw damage;
    }
  }

  private static Commit commit(ByteBuffer in) {
    long version = in.getLong();
    int sizeBytes = in.getInt();
    if (in.get() == 0) {
      return new Asked(version, sizeBytes);
    }
    if (sizeBytes < 0 || sizeBytes > in.remaining()) {
      throw new IllegalArgumentException(
          "one of %d bytes in %d".formatted(sizeBytes, in.remaining()));
    }
    byte[] commit = new byte[sizeBytes];
    in.get(commit);
    return new Made(new LogRecord(version, commit));
  }
}
