package io.khonsu.backup;

/** How far {@link Backups#verify} looks; each depth does what the ones before it do. */
public enum VerifyDepth {
  /** What there should be is there, in its size, and documents can be read. */
  FILES,
  /** All bytes are read: hashes, checksums, and the chain of segments. */
  DATA,
  /** Every window is restored into a scratch directory and compared at every base. */
  RESTORE
}
