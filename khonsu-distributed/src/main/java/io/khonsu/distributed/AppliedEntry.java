package io.khonsu.distributed;

import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What an entry of the log has changed, as it is kept on the disk: commits that changed just what
 * they asked for are in the entry itself, and not written a second time.
 *
 * <p>Format 1, numbers big-endian: format version in a byte, the index in 8; each commit: its
 * version in 8, its size in 4, a byte that says whether it is here, and then the commit if it is; a
 * CRC32C of all before in 4.
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
    int sizeBytes = HEADER_BYTES + COMMIT_BYTES * commits.size();
    for (Commit commit : commits) {
      sizeBytes += commit instanceof Made ? commit.sizeBytes() : 0;
    }
    ByteBuffer out = ByteBuffer.allocate(Math.addExact(sizeBytes, Integer.BYTES));
    out.put(FORMAT_VERSION).putLong(index);
    for (Commit commit : commits) {
      out.putLong(commit.version()).putInt(commit.sizeBytes());
      if (commit instanceof Made made) {
        out.put((byte) 1).put(made.record.bytes());
      } else {
        out.put((byte) 0);
      }
    }
    return out.putInt(checksum(out.array(), sizeBytes)).array();
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, length);
    return (int) checksum.getValue();
  }

  /**
   * {@return the entry of bytes}
   *
   * @throws StorageRefusedException if another version of Khonsu wrote them
   * @throws DamagedStorageException if they are not as they were written
   */
  static AppliedEntry decode(byte[] bytes) throws DamagedStorageException, StorageRefusedException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      int length = bytes.length - Integer.BYTES;
      if (length < 0 || in.getInt(length) != checksum(bytes, length)) {
        throw new IllegalArgumentException("they do not have their checksum");
      }
      in.limit(length);
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new StorageRefusedException(
            StorageRefusedException.Reason.UNKNOWN_FORMAT,
            "applied commits have format version %d, this program knows version %d: use the"
                    .formatted(format, FORMAT_VERSION)
                + " version of Khonsu that wrote them");
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
