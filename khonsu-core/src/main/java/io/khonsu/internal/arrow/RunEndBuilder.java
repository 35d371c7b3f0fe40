package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;

/** Builds run-end encoded columns; equal neighbours join wherever two appended pieces meet. */
final class RunEndBuilder extends ColumnBuilder {
  private final GrowableBytes ends = new GrowableBytes();
  private final ColumnBuilder values;
  private final int endWidth;
  private final Marks marks = new Marks();

  RunEndBuilder(Layout layout) {
    super(layout);
    endWidth = layout.child(0).width;
    values = ColumnBuilder.of(layout.child(1));
  }

  @Override
  void reserve(int count) {}

  @Override
  void appendSlots(Column source, int from, int count) {
    int at = from;
    int end = from + count;
    for (int run = source.run(from); at < end; run++) {
      int until = (int) Math.min(source.runEnd(run), end);
      beginRun();
      values.append(source.child(1), run, 1);
      endRun(length + until - from, at == from);
      at = until;
    }
  }

  @Override
  void appendValue(Object value) {
    beginRun();
    values.appendObject(value);
    endRun(length + 1, true);
  }

  @Override
  void appendEmptySlots(int count) {
    if (count > 0) {
      beginRun();
      values.appendNulls(1);
      endRun(length + count, true);
    }
  }

  @Override
  Column view(MemorySegment bitmap, int nulls) {
    Column runEnds = Column.leaf(layout.child(0), values.length, 0, Column.NONE, ends.view());
    MemorySegment[] buffers = {bitmap};
    return Column.nested(layout, length, 0, buffers, runEnds, values.view());
  }

  @Override
  void saveSlots(Marks target) {
    values.save(target);
  }

  @Override
  void restoreSlots(Marks source) {
    values.restore(source);
    ends.size = values.length * endWidth;
    if (values.length > 0) {
      // The last run may have grown since.
      LittleEndian.put(ends.bytes, ends.size - endWidth, endWidth, length);
    }
  }

  private void beginRun() {
    marks.rewind();
    values.save(marks);
  }

  /** Ends the run of the value appended last; joins it to the one before if they are equal. */
  private void endRun(int end, boolean mayJoin) {
    int last = values.length - 1;
    if (mayJoin && last > 0 && equalsPrevious(last)) {
      marks.rewind();
      values.restore(marks);
      LittleEndian.put(ends.bytes, ends.size - endWidth, endWidth, end);
    } else {
      ends.appendNumber(endWidth, end);
    }
  }

  private boolean equalsPrevious(int last) {
    Column view = values.view();
    return Cells.equal(view, last - 1, view, last);
  }
}
