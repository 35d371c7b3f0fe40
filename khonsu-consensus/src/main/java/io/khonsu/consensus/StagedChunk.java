package io.khonsu.consensus;

/**
 * Asks the driver to put a part of a snapshot aside; chunks of one snapshot come in order and
 * without gaps. Offset 0 starts again and drops what was staged before. When all is there the
 * driver says {@link Input.SnapshotChecked}; a {@link Persist} that installs the snapshot follows,
 * and must force the staged bytes too.
 *
 * @param snapshot which snapshot
 * @param source who sent it
 * @param offset where the bytes belong
 * @param sizeBytes the size of the whole snapshot
 * @param bytes the bytes
 */
public record StagedChunk(
    SnapshotId snapshot, Member source, long offset, long sizeBytes, Bytes bytes) {
  /** {@return whether it is the last one} */
  public boolean isLast() {
    return offset + bytes.size() == sizeBytes;
  }
}
