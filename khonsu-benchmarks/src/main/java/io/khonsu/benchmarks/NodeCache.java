package io.khonsu.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The virtual machine's cache of classes and profiles that Khonsu's nodes begin from, as those of
 * {@code khonsu server} do.
 */
final class NodeCache {
  private static final String NAME = "khonsu.aot";

  /** As in the launcher, which says what they are for. */
  static final List<String> COMPILER_FLAGS =
      List.of("-XX:InlineSmallCode=1000", "-XX:FreqInlineSize=100");

  private NodeCache() {}

  /**
   * Makes one, in about half a minute.
   *
   * @param directory an empty one
   * @param taken ports that nobody listens on yet, but will
   * @return the flags to use it; none if classes are not in jars, which these caches need
   * @throws IllegalStateException if it is not made
   */
  static List<String> make(Path directory, Set<Integer> taken)
      throws IOException, InterruptedException {
    String classPath = System.getProperty("java.class.path");
    boolean isAllJars =
        Arrays.stream(classPath.split(File.pathSeparator, -1))
            .allMatch(entry -> Files.isRegularFile(Path.of(entry)));
    if (!isAllJars) {
      return List.of();
    }
    Path cache = directory.resolve(NAME);
    List<String> arguments = new ArrayList<>();
    arguments.add(Files.createDirectory(directory.resolve("disks")).toString());
    for (int i = 0; i < ClusterSystem.KHONSU.portCount(); i++) {
      arguments.add(Integer.toString(RunningCluster.freePort(taken)));
    }
    Path log = directory.resolve("training.log");
    try (ChildProcess training =
        ChildProcess.startJava(
            flags("-XX:AOTCacheOutput=" + cache), KhonsuTraining.class, arguments, log)) {
      training.awaitEnd();
    }
    if (!Files.exists(cache)) {
      throw new IllegalStateException("no cache for Khonsu's nodes was made, see " + log);
    }
    return flags("-XX:AOTCache=" + cache, "-Xlog:aot=off", "-Xlog:cds=off");
  }

  private static List<String> flags(String... further) {
    List<String> flags = new ArrayList<>(COMPILER_FLAGS);
    flags.addAll(List.of(further));
    return flags;
  }
}
