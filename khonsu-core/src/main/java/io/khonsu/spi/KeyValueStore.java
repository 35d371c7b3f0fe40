package io.khonsu.spi;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Ordered maps from bytes to bytes, one for each of its named spaces, that are changed together by
 * atomic batches. Keys are ordered by their bytes, unsigned, a prefix before what it begins.
 *
 * <p>After a crash it holds a prefix of the batches that were written, each whole: at least those
 * up to the last synced write or {@link #flush}. Arrays that are passed in are borrowed and may be
 * changed afterwards; arrays that come back belong to the caller.
 *
 * <p>Thread-safe. After {@link #close} every call throws {@link IllegalStateException}, as do the
 * cursors, which close with the store. Whatever else goes wrong is an {@link IOException}, and a
 * {@link DamagedStorageException} if what is there is not what was written. Every implementation
 * passes {@code KeyValueStoreContract}, which is published with the tests of khonsu-core.
 */
public interface KeyValueStore extends AutoCloseable {
  /** When a write returns. */
  enum Sync {
    /** When it would survive the end of this process; a power failure may undo it. */
    WRITTEN,
    /** When it survives a power failure, and with it all writes before. */
    SYNCED
  }

  /** {@return the value of a key in a space, or null if there is none} */
  byte @Nullable [] get(String space, byte[] key) throws IOException;

  /** {@return the last key of a space, or null if it is empty} */
  byte @Nullable [] lastKey(String space) throws IOException;

  /**
   * {@return a cursor over the pairs that a space holds now, in key order; later writes do not
   * change what it shows} It stands before the first pair.
   *
   * @param from the first key
   * @param to the key to end before, or null for the end of the space
   */
  @MustBeClosed
  Cursor cursor(String space, byte[] from, byte @Nullable [] to) throws IOException;

  /**
   * Writes a batch as a whole, or, if this throws, none of it, or, if syncing fails, maybe all.
   *
   * @param batch borrowed
   */
  void write(KeyValueBatch batch, Sync sync) throws IOException;

  /** Returns when all that was written survives a power failure. */
  void flush() throws IOException;

  /**
   * Frees the disk space of a range that nobody will read any more, as far as that takes no
   * rewriting of anything else: some may stay, and what was deleted or overwritten there may come
   * back. It is gone at once and for good, so whatever says that it is not needed must be synced
   * before. Cursors that are open go on to show what there was.
   */
  void reclaim(String space, byte[] from, byte[] to) throws IOException;

  /**
   * Makes a copy of all that was written, while others go on: files are linked where that is
   * possible. The copy is opened as a store of the same engine and options, and survives a power
   * failure.
   *
   * @param directory does not exist; its parent does, on the same file system
   */
  void checkpoint(Path directory) throws IOException;

  /** {@return about how many bytes of disk it takes} */
  long sizeBytes() throws IOException;

  /**
   * Waits for calls under way, closes the cursors, flushes and releases everything. Closing twice
   * does nothing.
   */
  @Override
  void close() throws IOException;

  /** A place in a space that moves forward. Not thread-safe; the store may be closed meanwhile. */
  interface Cursor extends AutoCloseable {
    /**
     * Moves to the next pair; {@return whether there is one}
     *
     * @throws IOException if it cannot be read: never mistake that for the end
     */
    boolean next() throws IOException;

    /** {@return the key of the pair it stands at} */
    byte[] key();

    /** {@return the value of the pair it stands at} */
    byte[] value();

    /** Releases what it holds. Closing twice does nothing. */
    @Override
    void close();
  }
}
