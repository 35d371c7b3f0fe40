package io.khonsu.durable;

import io.khonsu.spi.CommitLog;
import io.khonsu.spi.CommitLogContract;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The log of segments keeps the contract; they are so small that most tests fill several. */
class SegmentLogContractTest extends CommitLogContract {
  private static final int SEGMENT_BYTES = 8 << 10;

  private final StoreId id = StoreId.random();
  @TempDir private Path root;

  @Override
  protected CommitLog create() throws IOException {
    return SegmentLog.create(root.resolve("log"), id, SEGMENT_BYTES);
  }

  @Override
  protected CommitLog open() throws IOException {
    return SegmentLog.open(root.resolve("log"), id, SEGMENT_BYTES, 0);
  }
}
