package io.khonsu.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the modules may know of each other.
 *
 * @param root the package that holds the modules' packages: the project's own, or that of planted
 *     violations
 */
record ArchitectureRules(String root) {
  /** Packages outside the core module that use its internals all the same. */
  private static final List<String> INTERNALS_ALLOWED_TO = List.of();

  /** Libraries that belong to one module each, none of which exists yet. */
  static final List<String> ENGINES =
      List.of(
          "io.netty", "io.grpc", "org.rocksdb", "com.google.protobuf", "org.apache.arrow.flight");

  ArchRule mvccIsPure() {
    return isPure("mvcc");
  }

  ArchRule consensusIsPure() {
    return isPure("consensus");
  }

  ArchRule internalsStayInCore() {
    String[] allowed =
        Stream.concat(Stream.of(root, root + ".internal.."), INTERNALS_ALLOWED_TO.stream())
            .toArray(String[]::new);
    return classes()
        .that()
        .resideInAPackage(root + ".internal..")
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(allowed);
  }

  ArchRule internalPackagesHaveNoCycle() {
    return slices().matching(root + ".internal.(*)..").should().beFreeOfCycles();
  }

  ArchRule enginesStayOut() {
    String[] engines = ENGINES.stream().map(engine -> engine + "..").toArray(String[]::new);
    return noClasses().should().dependOnClassesThat().resideInAnyPackage(engines);
  }

  ArchRule testkitIsForTheProgramSimulationAndTests() {
    // Test classes are not among those that the rules are given.
    return classes()
        .that()
        .resideInAPackage(root + ".testkit..")
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(root + ".testkit..", root + ".server..", root + ".simulation..");
  }

  ArchRule consensusIsForTheCluster() {
    return classes()
        .that()
        .resideInAPackage(root + ".consensus..")
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(
            root + ".consensus..",
            root + ".distributed..",
            root + ".simulation..",
            root + ".benchmarks..");
  }

  ArchRule coreKnowsNoCluster() {
    return noClasses()
        .that()
        .resideInAnyPackage(root, root + ".spi..", root + ".internal..", root + ".mvcc..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(root + ".consensus..", root + ".distributed..");
  }

  private ArchRule isPure(String module) {
    String ours = root + "." + module + "..";
    return classes()
        .that()
        .resideInAPackage(ours)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            ours, "java..", "org.jspecify.annotations..", "com.google.errorprone.annotations..");
  }
}
