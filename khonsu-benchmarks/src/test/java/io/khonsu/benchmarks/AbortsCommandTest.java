package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.Certification;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Abort rates are counted, not timed, so here they may decide. */
class AbortsCommandTest {
  private static final int ATTEMPTS = 20_000;

  private static AbortLoad load(String id) {
    return AbortLoad.ALL.stream().filter(load -> load.id().equals(id)).findFirst().orElseThrow();
  }

  private static double rate(AbortRule rule, String load, int open) {
    return AbortSimulation.run(rule, load(load), open, ATTEMPTS, 1).rate();
  }

  @ParameterizedTest
  @CsvSource({"'10r2 rmw, zipf', 2", "'10r2 rmw, zipf', 8", "'50r2 rmw, zipf', 8"})
  void longReadMostlyWriters_abortClearlyLess_certifiedBySsn(String load, int open) {
    double occ = rate(KhonsuRule.serializable(Certification.OCC), load, open);
    double ssn = rate(KhonsuRule.serializable(Certification.SSN), load, open);
    assertThat(ssn).isPositive().isLessThan(0.6 * occ);
    assertThat(ssn).isLessThanOrEqualTo(rate(new PostgresRule(), load, open));
  }

  @Test
  void blindWriters_abortClearlyLess_certifiedBySsn() {
    double occ = rate(KhonsuRule.serializable(Certification.OCC), "2r2w blind, zipf", 8);
    double ssn = rate(KhonsuRule.serializable(Certification.SSN), "2r2w blind, zipf", 8);
    assertThat(ssn).isPositive().isLessThan(0.3 * occ);
  }

  /** The model refuses more than snapshot isolation, and finds what that does not. */
  @Test
  void writeSkew_isRefusedByThePostgresModel() {
    AbortRule rule = new PostgresRule();
    var program = new AbortLoad.Program(new int[] {1, 2}, new int[] {1});
    AbortRule.Attempt one = rule.begin(program);
    AbortRule.Attempt other = rule.begin(program);
    for (int item = 1; item <= 2; item++) {
      one.read(item);
      other.read(item);
    }
    one.write(1);
    other.write(2);
    assertThat(one.commit()).isTrue();
    assertThat(other.commit()).isFalse();
  }

  @Test
  void aborts_printsATable() {
    StringWriter out = new StringWriter();
    assertThat(run(out, "aborts --attempts 200 --open 2")).isZero();
    assertThat(out.toString())
        .contains("| load | open | OCC | SSN | SSI (PostgreSQL) |", "| 50r2 rmw, zipf | 2 | ");
  }

  @Test
  void aborts_withoutTransactions_isBadUsage() {
    StringWriter out = new StringWriter();
    assertThat(run(out, "aborts --open 0")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(out.toString()).contains("must be at least 1");
  }

  private static int run(StringWriter out, String arguments) {
    return BenchCommand.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(out))
        .execute(arguments.split(" "));
  }
}
