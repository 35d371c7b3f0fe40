package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The check that bytes are UTF-8: shortest forms only, no surrogates, nothing past U+10FFFF. */
final class Utf8 {
  private static final long NON_ASCII = 0x8080808080808080L;

  private Utf8() {}

  /** Checks the valid slots of a var-width column of strings whose offsets are valid. */
  static void checkOffsets(Column column) {
    if (!column.layout.utf8 || column.length == 0) {
      return;
    }
    MemorySegment data = column.second();
    if (ascii(data, column.start(0), column.start(column.length))) {
      return;
    }
    for (int i = 0; i < column.length; i++) {
      if (column.valid(i) && !valid(data, column.start(i), column.end(i))) {
        throw ColumnChecks.fault(column.layout, i, "is not valid UTF-8");
      }
    }
  }

  static boolean valid(MemorySegment bytes, long from, long end) {
    long at = from;
    while (at < end) {
      int lead = bytes.get(ValueLayout.JAVA_BYTE, at) & 0xff;
      int size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      boolean starts = lead < 0x80 || (lead >= 0xc2 && lead <= 0xf4);
      if (!starts || size > end - at || !continues(bytes, at, lead, size)) {
        return false;
      }
      at += size;
    }
    return true;
  }

  private static boolean continues(MemorySegment bytes, long at, int lead, int size) {
    for (int i = 1; i < size; i++) {
      int next = bytes.get(ValueLayout.JAVA_BYTE, at + i) & 0xff;
      int low = 0x80;
      int high = 0xbf;
      if (i == 1) {
        low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : low;
        high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : high;
      }
      if (next < low || next > high) {
        return false;
      }
    }
    return true;
  }

  private static boolean ascii(MemorySegment bytes, long from, long end) {
    long at = from;
    for (; end - at >= 8; at += 8) {
      if ((bytes.get(LittleEndian.LONG, at) & NON_ASCII) != 0) {
        return false;
      }
    }
    for (; at < end; at++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, at) < 0) {
        return false;
      }
    }
    return true;
  }
}
