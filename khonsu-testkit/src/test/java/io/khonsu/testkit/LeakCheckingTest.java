package io.khonsu.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakChecking.class)
class LeakCheckingTest {
  private @Nullable BufferAllocator fromSetUp;

  @BeforeEach
  void setUp(BufferAllocator allocator) {
    fromSetUp = allocator;
  }

  @Test
  void parameter_isOneAllocatorForTheTest(BufferAllocator allocator) {
    assertThat(allocator).isSameAs(fromSetUp);
    try (ArrowBuf buffer = allocator.buffer(64)) {
      assertThat(buffer.capacity()).isEqualTo(64);
    }
  }

  @Test
  void close_withABufferInUse_namesTheTestAndTheBytes() {
    RootAllocator root = new RootAllocator();
    ArrowBuf leaked = root.buffer(128);
    assertThat(leaked.capacity()).isEqualTo(128);
    assertThatThrownBy(() -> LeakChecking.close(root, "the test"))
        .isInstanceOf(AssertionError.class)
        .hasMessageStartingWith("the test leaked 128 bytes");
  }

  @Test
  void close_withAChildOpen_fails() {
    RootAllocator root = new RootAllocator();
    BufferAllocator child = root.newChildAllocator("left open", 0, 64);
    assertThat(child.getName()).isEqualTo("left open");
    assertThatThrownBy(() -> LeakChecking.close(root, "the test"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("1 child allocators");
  }
}
