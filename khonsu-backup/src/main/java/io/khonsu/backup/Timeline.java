package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.UUID;

/**
 * One history of a store. The first begins with the store; each restore begins another, which goes
 * on from a version of its parent. So what was restored and what went on without it stay apart, and
 * both can be restored.
 *
 * @param store whose history it is
 * @param number from 1
 * @param incarnation of the store that writes it: no other may
 * @param parent the number of the timeline it goes on from; 0 if it is the first
 * @param forkVersion the last version of the parent that belongs to it; 0 if it is the first
 * @param created when, by the clock of the machine
 */
public record Timeline(
    UUID store, int number, UUID incarnation, int parent, long forkVersion, Instant created) {
  private static final String KIND = "timeline";

  byte[] bytes() throws IOException {
    return new Document.Writer(KIND)
        .line("store", store)
        .line("timeline", number)
        .line("incarnation", incarnation)
        .line("parent", parent)
        .line("fork", forkVersion)
        .line("created", created)
        .bytes();
  }

  static Timeline read(int number, InputStream in) throws IOException {
    Document.Reader reader = Document.Reader.of(KIND, Layout.timeline(number), in);
    UUID store = reader.take("store", UUID::fromString);
    reader.takeNumber("timeline", number, number);
    UUID incarnation = reader.take("incarnation", UUID::fromString);
    int parent = (int) reader.takeNumber("parent", 0, number - 1L);
    long fork = reader.takeNumber("fork", 0, parent == 0 ? 0 : Long.MAX_VALUE);
    Instant created = reader.take("created", Instant::parse);
    reader.end();
    return new Timeline(store, number, incarnation, parent, fork, created);
  }
}
