package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.scenario.Script.Interleavings;
import io.khonsu.testkit.scenario.Script.Model;
import io.khonsu.testkit.scenario.Script.Ruling;
import io.khonsu.testkit.scenario.Script.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads one script file; the grammar stands in the package's documentation. Every line that is not
 * understood is an error, so a typing mistake can't weaken a script.
 */
final class ScriptParser {
  private static final Pattern STEP = Pattern.compile("([tu]\\d+): (\\w+) ?(.*)");
  private static final Pattern WRITE =
      Pattern.compile("(\\w+) := (?:(-?\\d+)|([a-z]\\w*) \\+ (\\d+))");
  private static final Pattern LEVEL = Pattern.compile("([A-Z_]+): (\\w+), (.+)");
  private static final Pattern MODEL =
      Pattern.compile("model ([A-Z_]+): sees ?(.*); refuses (.+); ends (\\{.*})");
  private static final Pattern INTERLEAVINGS =
      Pattern.compile("interleavings (\\d+): SNAPSHOT refuses (\\d+), SERIALIZABLE refuses (\\d+)");
  private static final Pattern ROW = Pattern.compile("(\\w+):(-?\\d+)");
  private static final Pattern ROWS = Pattern.compile("\\{[^{}]*}");

  private final String file;
  private String name = "";
  private SortedMap<String, Long> start = Collections.emptySortedMap();
  private final List<Step> steps = new ArrayList<>();
  private List<SortedMap<String, Long>> finalStates = List.of();
  private final Map<Level, Verdict> verdicts = new EnumMap<>(Level.class);
  private final Map<Level, Model> models = new EnumMap<>(Level.class);
  private @Nullable Interleavings interleavings;

  private ScriptParser(String file) {
    this.file = file;
  }

  static Script parse(String file, String text) {
    ScriptParser parser = new ScriptParser(file);
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      try {
        parser.line(line.strip());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("script " + file + " line " + number + ": " + line, e);
      }
    }
    return parser.finish();
  }

  private void line(String line) {
    if (line.isEmpty() || line.startsWith("#")) {
      return;
    }
    if (line.startsWith("name ")) {
      name = line.substring("name ".length());
    } else if (line.startsWith("start ")) {
      start = rows(line.substring("start ".length()));
    } else if (line.startsWith("final ")) {
      finalStates = alternatives(line.substring("final ".length()));
    } else if (line.startsWith("model ")) {
      model(match(MODEL, line));
    } else if (line.startsWith("interleavings ")) {
      Matcher m = match(INTERLEAVINGS, line);
      interleavings =
          new Interleavings(
              Integer.parseInt(m.group(1)),
              Map.of(
                  Level.SNAPSHOT, Integer.valueOf(m.group(2)),
                  Level.SERIALIZABLE, Integer.valueOf(m.group(3))));
    } else if (Character.isUpperCase(line.charAt(0))) {
      Matcher m = match(LEVEL, line);
      Ruling ruling = Ruling.valueOf(m.group(2).toUpperCase(Locale.ROOT));
      verdicts.put(Level.valueOf(m.group(1)), new Verdict(ruling, m.group(3)));
    } else {
      Matcher m = match(STEP, line);
      steps.add(step(m.group(1), m.group(2), m.group(3)));
    }
  }

  private static Step step(String transaction, String verb, String rest) {
    return switch (verb) {
      case "begin" -> begin(transaction, rest);
      case "read" -> {
        String[] parts = rest.split(" sees ", 2);
        yield new Step.Read(transaction, parts[0], readExpectations(parts));
      }
      case "scan" -> {
        String[] parts = rest.split(" sees ", 2);
        List<SortedMap<String, Long>> expected =
            parts.length == 1 ? List.of() : alternatives(parts[1]);
        yield new Step.Scan(transaction, ScenarioPredicate.parse(parts[0]), expected);
      }
      case "write" -> {
        Matcher m = match(WRITE, rest);
        String number = m.group(2) == null ? m.group(4) : m.group(2);
        yield new Step.Write(transaction, m.group(1), Long.parseLong(number), m.group(3));
      }
      case "delete" -> {
        boolean conditional = rest.endsWith(" if found");
        String key = conditional ? rest.substring(0, rest.length() - " if found".length()) : rest;
        yield new Step.Delete(
            transaction,
            key,
            conditional ? Step.Delete.Condition.IF_FOUND : Step.Delete.Condition.ALWAYS);
      }
      case "commit" -> new Step.Commit(transaction);
      case "abort" -> new Step.Abort(transaction);
      default -> throw new IllegalArgumentException("unknown verb '" + verb + "'");
    };
  }

  private static Step begin(String transaction, String how) {
    return switch (how) {
      case "" ->
          new Step.Begin(transaction, BeginOptions.Access.READ_WRITE, BeginOptions.Strategy.FAIL);
      case "read-only" ->
          new Step.Begin(transaction, BeginOptions.Access.READ_ONLY, BeginOptions.Strategy.FAIL);
      case "replacing" ->
          new Step.Begin(
              transaction, BeginOptions.Access.READ_WRITE, BeginOptions.Strategy.REPLACE);
      default -> throw new IllegalArgumentException("unknown way to begin '" + how + "'");
    };
  }

  private static List<SortedMap<String, Long>> readExpectations(String[] keyAndValues) {
    if (keyAndValues.length == 1) {
      return List.of();
    }
    List<SortedMap<String, Long>> expected = new ArrayList<>();
    for (String value : keyAndValues[1].split(" or ", -1)) {
      SortedMap<String, Long> row = new TreeMap<>();
      if (!value.equals("none")) {
        row.put(keyAndValues[0], Long.valueOf(value));
      }
      expected.add(row);
    }
    return expected;
  }

  private void model(Matcher m) {
    List<SortedMap<String, Long>> seen = new ArrayList<>();
    Matcher each = ROWS.matcher(m.group(2));
    while (each.find()) {
      seen.add(rows(each.group()));
    }
    List<String> refused =
        m.group(3).equals("nobody") ? List.of() : Arrays.asList(m.group(3).split(", ", -1));
    models.put(Level.valueOf(m.group(1)), new Model(seen, refused, rows(m.group(4))));
  }

  private Script finish() {
    boolean anomaly = verdicts.size() == Level.values().length && models.isEmpty();
    boolean scenario = verdicts.isEmpty() && models.size() == Level.values().length - 1;
    if (name.isEmpty() || !(anomaly || scenario)) {
      throw new IllegalArgumentException(
          "script " + file + " needs a name, and a verdict for each level or three models");
    }
    return new Script(file, name, start, steps, finalStates, verdicts, models, interleavings);
  }

  private static List<SortedMap<String, Long>> alternatives(String text) {
    return Arrays.stream(text.split(" or ", -1)).map(ScriptParser::rows).toList();
  }

  private static SortedMap<String, Long> rows(String text) {
    if (!ROWS.matcher(text).matches()) {
      throw new IllegalArgumentException("not rows: '" + text + "'");
    }
    SortedMap<String, Long> rows = new TreeMap<>();
    String inside = text.substring(1, text.length() - 1);
    if (!inside.isEmpty()) {
      for (String row : inside.split(", ", -1)) {
        Matcher m = match(ROW, row);
        rows.put(m.group(1), Long.valueOf(m.group(2)));
      }
    }
    return Collections.unmodifiableSortedMap(rows);
  }

  private static Matcher match(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("'" + text + "' is not of the form " + pattern);
    }
    return matcher;
  }
}
