package io.khonsu.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import java.util.List;
import java.util.Map;

/**
 * What the modules may know of each other.
 *
 * @param root the package that holds the modules' packages: the project's own, or that of planted
 *     violations
 */
record ArchitectureRules(String root) {
  /** Libraries that belong to one module each. */
  static final List<String> ENGINES =
      List.of(
          "io.netty", "io.grpc", "org.rocksdb", "com.google.protobuf", "org.apache.arrow.flight");

  /** Whose they are, by package; of the others, the module does not exist yet. */
  private static final Map<String, String> OWNERS =
      Map.of("org.rocksdb", "rocksdb", "io.grpc", "grpc", "com.google.protobuf", "grpc");

  ArchRule mvccIsPure() {
    return isPure("mvcc");
  }

  ArchRule consensusIsPure() {
    return isPure("consensus");
  }

  ArchRule internalsStayInCore() {
    return classes()
        .that()
        .resideInAPackage(root + ".internal..")
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage(root, root + ".durable", root + ".internal..");
  }

  ArchRule internalPackagesHaveNoCycle() {
    return slices().matching(root + ".internal.(*)..").should().beFreeOfCycles();
  }

  ArchRule enginesStayOut() {
    return CompositeArchRule.of(ENGINES.stream().map(this::staysWithItsOwner).toList());
  }

  /** Benchmarks know the engines as peers. */
  private ArchRule staysWithItsOwner(String engine) {
    String owner = root + "." + OWNERS.getOrDefault(engine, "nowhere") + "..";
    return noClasses()
        .that()
        .resideOutsideOfPackages(owner, root + ".benchmarks..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(engine + "..")
        .allowEmptyShould(true);
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

  /** Backups know the store by its API and its SPI, so that it may change inside. */
  ArchRule backupKnowsCoreAlone() {
    return classes()
        .that()
        .resideInAPackage(root + ".backup..")
        .should()
        .onlyDependOnClassesThat()
        .resideOutsideOfPackages(
            root + ".internal..",
            root + ".mvcc..",
            root + ".consensus..",
            root + ".rocksdb..",
            root + ".simulation..",
            root + ".server..");
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
