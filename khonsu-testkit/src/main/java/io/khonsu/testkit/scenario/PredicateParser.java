package io.khonsu.testkit.scenario;

import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the notation of {@link ScenarioPredicate}. */
final class PredicateParser {
  private record Form(Pattern pattern, Function<MatchResult, ScenarioPredicate> make) {}

  private static final List<Form> FORMS =
      List.of(
          form("all", _ -> new ScenarioPredicate.All()),
          form("value = (-?\\d+)", m -> new ScenarioPredicate.ValueEquals(number(m, 1))),
          form("value mod (\\d+) = 0", m -> new ScenarioPredicate.ValueMultipleOf(number(m, 1))),
          form("value < (-?\\d+)", m -> new ScenarioPredicate.ValueLessThan(number(m, 1))),
          form("keys (\\w+)\\*", m -> new ScenarioPredicate.KeyPrefix(m.group(1))),
          form(
              "keys (\\w+)\\* with value = (-?\\d+)",
              m -> new ScenarioPredicate.KeyPrefixAndValueEquals(m.group(1), number(m, 2))),
          form(
              "keys \\[(\\w+),(\\w+)\\)",
              m -> new ScenarioPredicate.KeyRange(m.group(1), m.group(2))));

  private PredicateParser() {}

  static ScenarioPredicate parse(String text) {
    for (Form form : FORMS) {
      Matcher matcher = form.pattern.matcher(text);
      if (matcher.matches()) {
        return form.make.apply(matcher);
      }
    }
    throw new IllegalArgumentException("not a predicate: '" + text + "'");
  }

  private static Form form(String pattern, Function<MatchResult, ScenarioPredicate> make) {
    return new Form(Pattern.compile(pattern), make);
  }

  private static long number(MatchResult match, int group) {
    return Long.parseLong(match.group(group));
  }
}
