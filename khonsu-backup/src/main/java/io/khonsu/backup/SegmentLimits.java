package io.khonsu.backup;

/**
 * Where one segment ends and the next begins: a part of the format, as all who archive a log must
 * cut it alike. Tests have smaller ones.
 *
 * @param transactions that a segment has at most
 * @param bytes after which it takes no further transaction
 */
record SegmentLimits(long transactions, long bytes) {
  static final SegmentLimits STANDARD = new SegmentLimits(4_096, 16 << 20);
}
