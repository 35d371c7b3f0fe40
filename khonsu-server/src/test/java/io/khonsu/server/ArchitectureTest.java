package io.khonsu.server;

import static java.lang.classfile.ClassFile.ACC_PUBLIC;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of the architecture, on the project's classes and on planted violations. */
class ArchitectureTest {
  private static final String ROOT = "io.khonsu";
  private static final String PLANTED_ROOT = "io.khonsu.server.planted";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages(ROOT);
  private static final JavaClasses PLANTED = new ClassFileImporter().importPackages(PLANTED_ROOT);

  /**
   * A rule, and the start of what it says of the violation planted for it.
   *
   * @param name what to call it in a report
   * @param rule the rule, given the root package
   * @param violation a part of its message
   */
  record Case(String name, Function<ArchitectureRules, ArchRule> rule, String violation) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Case> cases() {
    return List.of(
        new Case("mvcc is pure", ArchitectureRules::mvccIsPure, "mvcc.ImpureVersions"),
        new Case(
            "consensus is pure", ArchitectureRules::consensusIsPure, "consensus.ImpureBallots"),
        new Case(
            "backup knows core alone",
            ArchitectureRules::backupKnowsCoreAlone,
            "backup.ImpureArchive"),
        new Case(
            "internals stay in core",
            ArchitectureRules::internalsStayInCore,
            "server.InternalsUser"),
        new Case(
            "internal packages have no cycle",
            ArchitectureRules::internalPackagesHaveNoCycle,
            "Slice alpha"),
        new Case(
            "testkit is for the program, the simulation and tests",
            ArchitectureRules::testkitIsForTheProgramSimulationAndTests,
            "benchmarks.TestkitUser"),
        new Case(
            "consensus is for the cluster",
            ArchitectureRules::consensusIsForTheCluster,
            "server.ConsensusUser"),
        new Case(
            "core knows no cluster", ArchitectureRules::coreKnowsNoCluster, "spi.ClusterUser"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void project_keepsRule(Case rule) {
    rule.rule().apply(new ArchitectureRules(ROOT)).check(CLASSES);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void plantedViolation_isFound(Case rule) {
    ArchRule planted = rule.rule().apply(new ArchitectureRules(PLANTED_ROOT));

    List<String> found = planted.evaluate(PLANTED).getFailureReport().getDetails();

    assertThat(found).isNotEmpty().allSatisfy(line -> assertThat(line).contains(rule.violation()));
  }

  @Test
  void project_usesNoEngine() {
    new ArchitectureRules(ROOT).enginesStayOut().check(CLASSES);
  }

  /** The engines are not on the class path, so a class with a field of theirs is written here. */
  @ParameterizedTest
  @FieldSource("io.khonsu.server.ArchitectureRules#ENGINES")
  void plantedEngine_isFound(String engine, @TempDir Path directory) throws IOException {
    byte[] planted =
        ClassFile.of()
            .build(
                ClassDesc.of(ROOT, "EngineUser"),
                type -> type.withField("engine", ClassDesc.of(engine, "Engine"), ACC_PUBLIC));
    Files.write(directory.resolve("EngineUser.class"), planted);

    JavaClasses classes = new ClassFileImporter().importPath(directory);

    assertThat(
            new ArchitectureRules(ROOT)
                .enginesStayOut()
                .evaluate(classes)
                .getFailureReport()
                .getDetails())
        .singleElement()
        .asString()
        .contains(engine + ".Engine");
  }

  /** A rule that is given no classes finds nothing. */
  @Test
  void imported_classesComeFromEveryModule() {
    assertThat(CLASSES.stream().map(JavaClass::getPackageName).collect(Collectors.toSet()))
        .contains(
            "io.khonsu",
            "io.khonsu.durable",
            "io.khonsu.rocksdb",
            "io.khonsu.internal.arrow",
            "io.khonsu.mvcc",
            "io.khonsu.consensus",
            "io.khonsu.backup",
            "io.khonsu.grpc",
            "io.khonsu.testkit",
            "io.khonsu.server",
            "io.khonsu.benchmarks")
        .doesNotContain(PLANTED_ROOT + ".server");
  }
}
