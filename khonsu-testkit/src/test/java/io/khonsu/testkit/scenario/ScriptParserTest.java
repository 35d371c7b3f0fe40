package io.khonsu.testkit.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScriptParserTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "all",
        "value = -3",
        "value mod 5 = 0",
        "value < 15",
        "keys rec*",
        "keys rec* with value = 22",
        "keys [a,f)"
      })
  void predicate_parsed_printsItsText(String text) {
    assertThat(ScenarioPredicate.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "t1: reed x",
        "t1: write x = 3",
        "t1: begin sideways",
        "start x=10",
        "SNAPSHOT: allowed",
        "SNAPSHOT: maybe, who knows",
        "t1: scan value > 3",
        "t1: read x sees y"
      })
  void line_notUnderstood_fails(String line) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScriptParser.parse("bad", "name bad\n" + line + "\n"))
        .withMessageContaining("line 2");
  }

  @Test
  void script_withoutAllVerdicts_fails() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScriptParser.parse("bad", "name bad\nSNAPSHOT: allowed, why not\n"));
  }
}
