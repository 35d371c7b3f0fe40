package io.khonsu.internal.arrow;

import io.khonsu.InvalidBatchException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.jspecify.annotations.Nullable;

/** Borrowed Arrow vectors as columns; their content is not yet to be trusted. */
final class VectorColumns {
  private static final int DEPTH_MAX = 32;

  private final @Nullable DictionaryProvider dictionaries;

  VectorColumns(@Nullable DictionaryProvider dictionaries) {
    this.dictionaries = dictionaries;
  }

  /**
   * {@return the memory of a vector whose type was compared to the layout}
   *
   * @throws InvalidBatchException if a buffer is missing or a bitmap is too short
   */
  Column of(FieldVector vector, Layout layout) {
    return of(vector, layout, 0);
  }

  private Column of(FieldVector vector, Layout layout, int depth) {
    if (depth > DEPTH_MAX) {
      throw new InvalidBatchException(
          "column '" + layout.path + "' has dictionaries of dictionaries deeper than " + DEPTH_MAX);
    }
    DictionaryEncoding encoding = vector.getField().getDictionary();
    if (encoding != null) {
      Field field = vector.getField();
      FieldType plain = new FieldType(field.isNullable(), field.getType(), null);
      Layout indexes = LayoutCompiler.compile(new Field(layout.path, plain, null));
      return Column.encoded(
          layout, column(vector, indexes, depth), of(values(encoding, layout), layout, depth + 1));
    }
    return column(vector, layout, depth);
  }

  private FieldVector values(DictionaryEncoding encoding, Layout layout) {
    Dictionary dictionary = dictionaries == null ? null : dictionaries.lookup(encoding.getId());
    if (dictionary == null) {
      throw new InvalidBatchException(
          "column '"
              + layout.path
              + "' is encoded by dictionary "
              + encoding.getId()
              + ", which was not given");
    }
    return dictionary.getVector();
  }

  private Column column(FieldVector vector, Layout layout, int depth) {
    List<ArrowBuf> sources = buffers(vector, layout);
    int unused = layout.hasValidity() ? 0 : 1;
    MemorySegment[] buffers = new MemorySegment[Math.max(3, sources.size() + unused)];
    buffers[0] = Column.NONE;
    buffers[1] = Column.NONE;
    buffers[2] = Column.NONE;
    for (int i = 0; i < sources.size(); i++) {
      ArrowBuf source = sources.get(i);
      buffers[i + unused] = NativeMemory.of(source, source.capacity());
    }
    int length = vector.getValueCount();
    int nulls = layout.hasValidity() ? countNulls(buffers[0], length, layout) : 0;
    List<FieldVector> vectors = vector.getChildrenFromFields();
    Column[] children = new Column[layout.children.size()];
    for (int i = 0; i < children.length; i++) {
      children[i] = of(vectors.get(i), layout.child(i), depth);
    }
    return Column.nested(layout, length, nulls, buffers, children);
  }

  private static List<ArrowBuf> buffers(FieldVector vector, Layout layout) {
    List<ArrowBuf> buffers;
    try {
      buffers = vector.getFieldBuffers();
    } catch (RuntimeException e) {
      throw new InvalidBatchException(
          "column '" + layout.path + "' has buffers that its vector cannot give", e);
    }
    int expected = layout.bufferCount();
    boolean fits =
        layout.kind == Layout.Kind.VIEW
            ? buffers.size() >= expected - 1
            : buffers.size() == expected;
    if (!fits) {
      throw new InvalidBatchException(
          "column '" + layout.path + "' has " + buffers.size() + " buffers, not " + expected);
    }
    return buffers;
  }

  private static int countNulls(MemorySegment bitmap, int length, Layout layout) {
    if (length < 0 || bitmap.byteSize() < Bits.sizeBytes(length)) {
      throw new InvalidBatchException(
          "column '"
              + layout.path
              + "' has a validity bitmap of "
              + bitmap.byteSize()
              + " bytes for "
              + length
              + " slots");
    }
    return length - Bits.countOnes(bitmap, 0, length);
  }
}
