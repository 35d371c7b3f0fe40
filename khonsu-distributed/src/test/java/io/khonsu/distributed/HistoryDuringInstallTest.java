package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The history is read while a fetched state takes the place of what it was read from. */
class HistoryDuringInstallTest extends SteppedNodes {
  /** What happens before the next cursors over commits are opened. */
  private final Deque<Step> before = new ArrayDeque<>();

  private interface Step {
    void run() throws IOException;
  }

  @Test
  void snapshotInstalled_rightBeforeItIsRead_leavesNoHole() throws Exception {
    Node behind = node(watched(disk()));
    Node source = node(disk());
    List<Node> both = List.of(behind, source);
    begin(both);
    commit(both, 1_000_020, 0, 10, "one ");
    commit(both, 1_000_030, 5, 15, "two ");
    behind.write();
    commit(both, 1_000_040, 0, 3, "three "); // not on the disk of the first
    source.checkpoints.commits().hold(0); // all its commits are in its snapshot
    source.checkpoint();
    List<StagedChunk> chunks = source.snapshot();
    for (StagedChunk chunk : chunks) {
      behind.stage(chunk);
    }
    before.add(() -> behind.install(chunks.getLast()));
    List<Long> versions = new ArrayList<>();
    behind.checkpoints.commits().read(1_000_020, record -> versions.add(record.version()));
    assertThat(before).isEmpty();
    assertThat(versions).containsExactly(1_000_030L, 1_000_040L);
  }

  private KeyValueStore watched(KeyValueStore disk) {
    return (KeyValueStore)
        Proxy.newProxyInstance(
            KeyValueStore.class.getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              boolean isRead = method.getName().equals("cursor");
              if (isRead && arguments[0].equals(AppliedCommits.COMMITS) && !before.isEmpty()) {
                before.poll().run();
              }
              try {
                return method.invoke(disk, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
