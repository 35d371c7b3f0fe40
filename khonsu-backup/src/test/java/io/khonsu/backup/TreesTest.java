package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.LockProbe;
import io.khonsu.durable.RestoredStore;
import io.khonsu.spi.InMemoryKeyValueEngine;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreesTest {
  @TempDir private Path root;

  @Test
  void storeThatIsSynced_staysLocked() throws Exception {
    Path directory = root.resolve("store");
    try (RestoredStore _ =
        RestoredStore.begin(directory, DurableSettings.defaults(), new InMemoryKeyValueEngine())) {
      Trees.sync(directory);
      assertThat(LockProbe.isHeld(directory)).isTrue();
    }
    assertThat(LockProbe.isHeld(directory)).isFalse();
  }
}
