package io.khonsu.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.testkit.history.Anomaly.Kind;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Small histories by hand, one transaction after the other in each process. */
class HistoryCheckerTest {

  @Test
  void writeSkew_isValidAtSnapshotOnly() throws IOException {
    HistoryReport report =
        check(
            """
            {:index 0 :time 0 :process 0 :type :invoke :f :txn :value [[:r 1 nil] [:append 2 1]]}
            {:index 1 :time 1 :process 1 :type :invoke :f :txn :value [[:r 2 nil] [:append 1 2]]}
            {:index 2 :time 2 :process 0 :type :ok :f :txn :value [[:r 1 []] [:append 2 1]]}
            {:index 3 :time 3 :process 1 :type :ok :f :txn :value [[:r 2 []] [:append 1 2]]}
            """);
    assertThat(report.kinds()).containsExactly(Kind.WRITE_SKEW);
    assertThat(strongest(report)).isEqualTo(Consistency.SNAPSHOT);
    assertThat(report.toString()).contains("T0 -rw on 1-> T1 -rw on 2-> T0");
  }

  @Test
  void lostAppend_isInvalidOnlyIfTimeIsReal() throws IOException {
    HistoryReport report =
        check(
            """
            {:index 0 :time 0 :process 0 :type :invoke :f :txn :value [[:append 1 1]]}
            {:index 1 :time 1 :process 0 :type :ok :f :txn :value [[:append 1 1]]}
            {:index 2 :time 2 :process 0 :type :invoke :f :txn :value [[:r 1 nil]]}
            {:index 3 :time 3 :process 0 :type :ok :f :txn :value [[:r 1 []]]}
            """);
    assertThat(report.kinds())
        .containsExactlyInAnyOrder(Kind.LOST_APPEND, Kind.REAL_TIME_INVERSION);
    assertThat(strongest(report)).isEqualTo(Consistency.SERIALIZABLE);
  }

  @Test
  void lostUpdateOfRegister_isFoundByCommitVersions() throws IOException {
    HistoryReport report =
        check(
            """
            {:index 0 :time 0 :process 0 :type :invoke :f :txn :value [[:r 1 nil] [:w 1 5]]}
            {:index 1 :time 1 :process 1 :type :invoke :f :txn :value [[:r 1 nil] [:w 1 6]]}
            {:index 2 :time 2 :process 0 :type :ok :f :txn :value [[:r 1 nil] [:w 1 5]] :ts 1}
            {:index 3 :time 3 :process 1 :type :ok :f :txn :value [[:r 1 nil] [:w 1 6]] :ts 2}
            """);
    assertThat(report.kinds()).containsExactlyInAnyOrder(Kind.LOST_UPDATE, Kind.READ_SKEW);
    assertThat(strongest(report)).isEqualTo(Consistency.READ_COMMITTED);
  }

  @Test
  void unknownOutcome_countsOnceItIsRead() throws IOException {
    String unknown =
        """
        {:index 0 :time 0 :process 0 :type :invoke :f :txn :value [[:append 1 1] [:append 2 2]]}
        {:index 1 :time 1 :process 0 :type :info :f :txn :value [[:append 1 1] [:append 2 2]]}
        {:index 2 :time 2 :process 1 :type :invoke :f :txn :value [[:r 1 nil] [:r 2 nil]]}
        """;
    String half = "{:index 3 :time 3 :process 1 :type :ok :value [[:r 1 [1]] [:r 2 []]]}";
    String none = "{:index 3 :time 3 :process 1 :type :ok :value [[:r 1 []] [:r 2 []]]}";
    String both = "{:index 3 :time 3 :process 1 :type :ok :value [[:r 1 [1]] [:r 2 [2]]]}";
    assertThat(check(unknown + none).anomalies()).isEmpty();
    assertThat(check(unknown + both).anomalies()).isEmpty();
    assertThat(check(unknown + half).kinds()).containsExactly(Kind.READ_SKEW);
  }

  @Test
  void halfOfAnUnknownTransaction_inRegisters_isReadSkew() throws IOException {
    HistoryReport report =
        check(
            """
            {:index 0 :time 0 :process 0 :type :invoke :f :txn :value [[:w 1 1] [:w 2 2]]}
            {:index 1 :time 1 :process 0 :type :info :f :txn :value [[:w 1 1] [:w 2 2]]}
            {:index 2 :time 2 :process 1 :type :invoke :f :txn :value [[:r 1 nil] [:r 2 nil]]}
            {:index 3 :time 3 :process 1 :type :ok :f :txn :value [[:r 1 1] [:r 2 nil]]}
            """);
    assertThat(report.kinds()).containsExactly(Kind.READ_SKEW);
  }

  @Test
  void commitVersions_contradictedByAList_areReported() throws IOException {
    HistoryReport report =
        check(
            """
            {:index 0 :time 0 :process 0 :type :invoke :f :txn :value [[:append 1 1]]}
            {:index 1 :time 1 :process 0 :type :ok :f :txn :value [[:append 1 1]] :ts 9}
            {:index 2 :time 2 :process 0 :type :invoke :f :txn :value [[:append 1 2]]}
            {:index 3 :time 3 :process 0 :type :ok :f :txn :value [[:append 1 2]] :ts 4}
            {:index 4 :time 4 :process 0 :type :invoke :f :txn :value [[:r 1 nil]]}
            {:index 5 :time 5 :process 0 :type :ok :f :txn :value [[:r 1 [1 2]]]}
            """);
    assertThat(report.kinds()).containsExactly(Kind.COMMIT_ORDER_MISMATCH);
  }

  @Test
  void edn_ofAnotherProgram_isRead() throws IOException {
    History history =
        HistoryEdn.read(
            new StringReader(
                """
                ; a comment
                #jepsen.history.Op{:index 0, :time 7, :process 0, :type :invoke, :value [(:r 1 nil)]}

                {:type :ok, :f :txn, :process 0, :value [[:r 1 [3 4]]], :time 9, :error {:m "a\\"}"}}
                {:index 2 :time 11 :process 0 :type :invoke :value [[:append 1 5]]}
                """));
    assertThat(history.transactions()).hasSize(2);
    StringWriter text = new StringWriter();
    HistoryEdn.write(history, text);
    assertThat(text)
        .hasToString(
            """
            {:index 0 :time 7 :process 0 :type :invoke :f :txn :value [[:r 1 nil]]}
            {:index 1 :time 9 :process 0 :type :ok :f :txn :value [[:r 1 [3 4]]]}
            {:index 2 :time 11 :process 0 :type :invoke :f :txn :value [[:append 1 5]]}
            {:index 3 :time 11 :process 0 :type :info :f :txn :value [[:append 1 5]]}
            """);
  }

  @Test
  void edn_malformed_namesTheLine() {
    for (String line :
        new String[] {"{:time 1", "[1 2]", "{:time 1 :process 0 :type :ok :value []}", "{:a }}"}) {
      assertThatThrownBy(() -> HistoryEdn.read(new StringReader("\n" + line)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("line 2");
    }
  }

  private static HistoryReport check(String edn) throws IOException {
    return HistoryChecker.check(HistoryEdn.read(new StringReader(edn)));
  }

  private static @Nullable Consistency strongest(HistoryReport report) {
    Consistency strongest = null;
    for (Consistency level : Consistency.values()) {
      strongest = report.valid(level) ? level : strongest;
    }
    return strongest;
  }
}
