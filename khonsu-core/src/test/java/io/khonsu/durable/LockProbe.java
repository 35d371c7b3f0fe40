package io.khonsu.durable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Looks at a lock from another process, as this one cannot without giving up its own. */
public final class LockProbe {
  private static final int FREE = 10;
  private static final int HELD = 11;

  private LockProbe() {}

  /** Runs in the other process. */
  public static void main(String[] arguments) throws IOException {
    try (FileChannel channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE)) {
      System.exit(channel.tryLock() == null ? HELD : FREE);
    }
  }

  /** {@return whether this process holds the lock of a directory} */
  public static boolean isHeld(Path directory) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Path classes =
        Path.of(LockProbe.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    String file = directory.resolve(StoreLock.NAME).toString();
    int answer =
        new ProcessBuilder(java, "-cp", classes.toString(), LockProbe.class.getName(), file)
            .inheritIO()
            .start()
            .waitFor();
    if (answer != FREE && answer != HELD) {
      throw new AssertionError("the other process ended with " + answer);
    }
    return answer == HELD;
  }
}
