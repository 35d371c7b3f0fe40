package io.khonsu.mvcc;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * How the Lincheck tests run: scenarios of a few operations on a few threads, whose results must be
 * those of some order of the same operations on a sequential specification.
 *
 * <p>Model checking tries interleavings of one thread at a time, switching at accesses to shared
 * memory: it explains what it finds, but knows no reordering. Stress runs real threads.
 */
final class Linchecks {
  /** More than the slots of a page of {@link ActiveSnapshots}, which a look visits in a loop. */
  private static final int LOOP_BOUND = 400;

  private Linchecks() {}

  /** Tries interleavings of generated scenarios. */
  static void modelCheck(Class<?> test, Class<?> specification, int iterations, int invocations) {
    modelChecking(specification, iterations, invocations)
        .threads(2)
        .actorsPerThread(2)
        .actorsBefore(2)
        .actorsAfter(1)
        .check(test);
  }

  /** Tries interleavings of one scenario: those that generated ones seldom come to. */
  static void modelCheck(
      Class<?> test, Class<?> specification, int invocations, ExecutionScenario scenario) {
    modelChecking(specification, 0, invocations).addCustomScenario(scenario).check(test);
  }

  /** As above, where a commit and a collection are one step each: only readers are interrupted. */
  static void modelCheckReaders(
      Class<?> test, Class<?> specification, int invocations, ExecutionScenario scenario) {
    modelChecking(specification, 0, invocations)
        .addGuarantee(
            ManagedStrategyGuaranteeKt.forClasses(TxnBuffer.class.getName())
                .methods("commit", "collect")
                .treatAsAtomic())
        .addCustomScenario(scenario)
        .check(test);
  }

  /** Runs generated scenarios on three threads. */
  static void stress(Class<?> test, Class<?> specification, int iterations, int invocations) {
    new StressOptions()
        .iterations(iterations)
        .invocationsPerIteration(invocations)
        .threads(3)
        .actorsPerThread(3)
        .actorsBefore(2)
        .actorsAfter(2)
        .minimizeFailedScenario(false)
        .sequentialSpecification(specification)
        .check(test);
  }

  /**
   * {@return a scenario}
   *
   * @param before what happens first, on one thread
   * @param one what one thread does then
   * @param other what another does meanwhile
   */
  static ExecutionScenario scenario(List<Actor> before, List<Actor> one, List<Actor> other) {
    return new ExecutionScenario(before, List.of(one, other), List.of(), null);
  }

  /** {@return an operation of a test by its name} */
  static Actor operation(Class<?> test, String name, Object... arguments) {
    Method method =
        Stream.of(test.getMethods())
            .filter(candidate -> candidate.getName().equals(name))
            .findFirst()
            .orElseThrow();
    return new Actor(method, Arrays.asList(arguments));
  }

  private static ModelCheckingOptions modelChecking(
      Class<?> specification, int iterations, int invocations) {
    ModelCheckingOptions options =
        new ModelCheckingOptions()
            .iterations(iterations)
            .invocationsPerIteration(invocations)
            .loopBound(LOOP_BOUND)
            .minimizeFailedScenario(false)
            .sequentialSpecification(specification);
    guarantees().forEach(options::addGuarantee);
    return options;
  }

  /**
   * Where no switch of threads needs to be tried. A look at all snapshots is one step, as in a
   * scenario of two threads only one of the slots can change during it; the other classes are
   * immutable or private to a thread.
   */
  private static List<ManagedStrategyGuarantee> guarantees() {
    List<ManagedStrategyGuarantee> guarantees = new ArrayList<>();
    guarantees.add(
        ManagedStrategyGuaranteeKt.forClasses(ActiveSnapshots.class.getName())
            .methods("claims", "newPage")
            .ignore());
    for (Class<?> type : List.of(Key.class, KeyInterval.class, ReadSet.class, WriteSet.class)) {
      guarantees.add(ManagedStrategyGuaranteeKt.forClasses(type.getName()).allMethods().ignore());
    }
    return guarantees;
  }
}
