package io.khonsu.testkit;

import org.apache.arrow.memory.AllocationListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A JUnit extension that gives each test a root allocator and fails the test if memory of it is
 * still in use at the end.
 *
 * <p>Use it with {@code @ExtendWith(LeakChecking.class)} and a parameter of type {@link
 * BufferAllocator} in the test or its {@code @BeforeEach}; all of them get the same allocator. It
 * is checked after the last {@code @AfterEach} method.
 */
public final class LeakChecking implements ParameterResolver, AfterEachCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LeakChecking.class);

  /** Creates the extension; JUnit does. */
  public LeakChecking() {}

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
    return parameter.getParameter().getType() == BufferAllocator.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
    return test.getStore(NAMESPACE)
        .computeIfAbsent(
            BufferAllocator.class,
            _ -> new RootAllocator(AllocationListener.NOOP, Long.MAX_VALUE),
            BufferAllocator.class);
  }

  @Override
  public void afterEach(ExtensionContext test) {
    BufferAllocator root =
        test.getStore(NAMESPACE).remove(BufferAllocator.class, BufferAllocator.class);
    if (root != null) {
      close(root, test.getDisplayName());
    }
  }

  /**
   * Closes {@code root}, which must be empty.
   *
   * @throws AssertionError naming {@code test} and the leaked bytes, if it is not
   */
  public static void close(BufferAllocator root, String test) {
    long leakedBytes = root.getAllocatedMemory();
    int childCount = root.getChildAllocators().size();
    if (leakedBytes == 0 && childCount == 0) {
      root.close();
      return;
    }
    String details = root.toString();
    try {
      root.close();
    } catch (IllegalStateException e) {
      throw new AssertionError(message(test, leakedBytes, childCount, details), e);
    }
    throw new AssertionError(message(test, leakedBytes, childCount, details));
  }

  private static String message(String test, long leakedBytes, int childCount, String details) {
    return test
        + " leaked "
        + leakedBytes
        + " bytes and left "
        + childCount
        + " child allocators open\n"
        + details;
  }
}
