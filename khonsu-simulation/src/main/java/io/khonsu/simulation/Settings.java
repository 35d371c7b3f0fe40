package io.khonsu.simulation;

import java.util.EnumSet;
import java.util.Set;

/**
 * A family of runs: what is simulated, before a seed decides the rest.
 *
 * @param name how it is called on the command line
 * @param shape the cluster
 * @param network what the network does to messages
 * @param faults what else goes wrong
 * @param activities what clients and operators do beside proposing
 * @param limits how much may be in a message, on its way and waiting
 * @param ticks how long a run is
 * @param quietTicks the last part of it, without faults, in which everything must become whole
 */
record Settings(
    String name,
    Shape shape,
    NetworkFaults network,
    Set<Fault> faults,
    Set<Activity> activities,
    Limits limits,
    int ticks,
    int quietTicks) {
  private static final int TICKS = 4000;
  private static final int QUIET_TICKS = 600;

  /** Takes copies. */
  public Settings {
    faults = Set.copyOf(faults);
    activities = Set.copyOf(activities);
  }

  /** {@return a family in which nothing goes wrong} */
  static Settings of(String name, int replicas) {
    return new Settings(
        name,
        Shape.of(replicas),
        NetworkFaults.NONE,
        Set.of(),
        Set.of(),
        Limits.WIDE,
        TICKS,
        QUIET_TICKS);
  }

  Settings with(Shape newShape) {
    return new Settings(name, newShape, network, faults, activities, limits, ticks, quietTicks);
  }

  Settings with(NetworkFaults newNetwork) {
    return new Settings(name, shape, newNetwork, faults, activities, limits, ticks, quietTicks);
  }

  Settings with(Limits newLimits) {
    return new Settings(name, shape, network, faults, activities, newLimits, ticks, quietTicks);
  }

  Settings with(Fault first, Fault... more) {
    Set<Fault> all = EnumSet.of(first, more);
    all.addAll(faults);
    return new Settings(name, shape, network, all, activities, limits, ticks, quietTicks);
  }

  Settings with(Activity first, Activity... more) {
    Set<Activity> all = EnumSet.of(first, more);
    all.addAll(activities);
    return new Settings(name, shape, network, faults, all, limits, ticks, quietTicks);
  }

  /** {@return a longer or shorter family of the same kind} */
  Settings withTicks(int all, int quiet) {
    return new Settings(name, shape, network, faults, activities, limits, all, quiet);
  }

  boolean has(Fault fault) {
    return faults.contains(fault);
  }

  boolean has(Activity activity) {
    return activities.contains(activity);
  }
}
