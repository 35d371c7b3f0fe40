package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import org.apache.arrow.memory.ArrowBuf;

/** The memory of Arrow buffers, with bounds but without an end of life of its own. */
final class NativeMemory {
  private NativeMemory() {}

  /**
   * {@return the first {@code size} bytes of a buffer}
   *
   * @throws IllegalStateException if it was already released
   */
  @SuppressWarnings("restricted") // The address and the bound come from a live buffer.
  static MemorySegment of(ArrowBuf buffer, long size) {
    if (size == 0) {
      return Column.NONE;
    }
    if (buffer.refCnt() <= 0) {
      throw new IllegalStateException("the buffer was already released");
    }
    if (size > buffer.capacity()) {
      throw new IndexOutOfBoundsException(size + " bytes of a buffer of " + buffer.capacity());
    }
    return MemorySegment.ofAddress(buffer.memoryAddress()).reinterpret(size);
  }
}
