package io.khonsu.backup;

import io.khonsu.durable.StoreId;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.UUID;

/**
 * One history of a store. The first begins with the store; each restore begins another, which goes
 * on from a version of its parent. So what was restored and what went on without it stay apart, and
 * both can be restored.
 *
 * @param archive the id of the archive: that of the store whose history the first timeline is
 * @param number from 1
 * @param store the id of the store whose history it is: no other may write it
 * @param parent the number of the timeline it goes on from; 0 if it is the first
 * @param forkVersion the last version of the parent that belongs to it; 0 if it is the first
 * @param created when, by the clock of the machine
 */
public record Timeline(
    UUID archive, int number, UUID store, int parent, long forkVersion, Instant created) {
  private static final String KIND = "timeline";

  /** {@return {@link #store} as it stands in files} */
  StoreId storeId() {
    return new StoreId(store.getMostSignificantBits(), store.getLeastSignificantBits());
  }

  byte[] bytes() throws IOException {
    return new Document.Writer(KIND)
        .line("archive", archive)
        .line("timeline", number)
        .line("store", store)
        .line("parent", parent)
        .line("fork", forkVersion)
        .line("created", created)
        .bytes();
  }

  static Timeline read(int number, InputStream in) throws IOException {
    Document.Reader reader = Document.Reader.of(KIND, Layout.timeline(number), in);
    UUID archive = reader.take("archive", UUID::fromString);
    long _ = reader.takeNumber("timeline", number, number);
    UUID store = reader.take("store", UUID::fromString);
    int parent = (int) reader.takeNumber("parent", 0, number - 1L);
    long fork = reader.takeNumber("fork", 0, parent == 0 ? 0 : Long.MAX_VALUE);
    Instant created = reader.take("created", Instant::parse);
    reader.end();
    return new Timeline(archive, number, store, parent, fork, created);
  }
}
