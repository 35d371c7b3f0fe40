package io.khonsu.benchmarks;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What the benchmarks run on. */
final class Machine {
  private Machine() {}

  /** {@return names and values, in the order to print them} */
  static Map<String, Object> facts() {
    Runtime runtime = Runtime.getRuntime();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("cores", runtime.availableProcessors());
    facts.put("jvm", System.getProperty("java.vm.name") + " " + Runtime.version());
    facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    facts.put("collector", collectors());
    facts.put("heapMiB", runtime.maxMemory() >> 20);
    facts.put("flags", flags());
    return facts;
  }

  /** {@return the facts in one line} */
  static String line() {
    return facts().entrySet().stream()
        .map(fact -> fact.getKey() + " " + fact.getValue())
        .collect(Collectors.joining(", "));
  }

  private static List<String> collectors() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .map(GarbageCollectorMXBean::getName)
        .toList();
  }

  /** {@return the JVM's arguments, without those that name places on this machine} */
  private static List<String> flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.contains("/"))
        .toList();
  }
}
