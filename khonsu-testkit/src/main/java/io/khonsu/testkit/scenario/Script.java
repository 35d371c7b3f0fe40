package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A golden script: a start state, the steps of a few transactions in one order, and what each level
 * must make of it.
 *
 * <p>An <em>anomaly</em> has verdicts: its steps say what each read sees, and a level prevents it
 * if the history can't complete like that. A <em>scenario</em> has the results of the weakest
 * correct model of three levels instead, and often the number of its interleavings.
 *
 * @param file the name of the file without its ending
 * @param name the usual name of the anomaly
 * @param start the committed rows before the first step
 * @param finalStates the anomaly ends in one of these states; empty if any will do
 * @param verdicts empty for a scenario
 * @param models empty for an anomaly
 * @param interleavings null if they are not enumerated
 */
public record Script(
    String file,
    String name,
    SortedMap<String, Long> start,
    List<Step> steps,
    List<SortedMap<String, Long>> finalStates,
    Map<Level, Verdict> verdicts,
    Map<Level, Model> models,
    @Nullable Interleavings interleavings) {

  private static final String DIRECTORY = "/scripts/isolation/";

  public Script {
    steps = List.copyOf(steps);
    finalStates = List.copyOf(finalStates);
    verdicts = Map.copyOf(verdicts);
    models = Map.copyOf(models);
  }

  /**
   * What a level makes of an anomaly.
   *
   * @param reason why, for people
   */
  public record Verdict(Ruling ruling, String reason) {}

  /** Whether a history can complete as written. */
  public enum Ruling {
    /** Every read sees what the script says, every commit succeeds, the end state is as said. */
    ALLOWED,
    /** A read or the end state differs, or a commit is refused. */
    PREVENTED,
    /** The level leaves it to the store. */
    EITHER
  }

  /**
   * What the weakest correct model of a level does with a scenario.
   *
   * @param seen the rows that each read or scan saw, in the order of the steps
   * @param refused the transactions whose commit is refused
   */
  public record Model(
      List<SortedMap<String, Long>> seen, List<String> refused, SortedMap<String, Long> end) {}

  /**
   * All orders of a scenario's steps that keep each transaction's own order.
   *
   * @param total how many there are
   * @param refusing in how many of them the weakest model of a level refuses a commit
   */
  public record Interleavings(int total, Map<Level, Integer> refusing) {}

  /** {@return whether the steps use no strategy but {@link BeginOptions.Strategy#FAIL}} */
  public boolean alwaysFails() {
    return steps.stream()
        .allMatch(step ->
            !(step instanceof Step.Begin begin) || begin.strategy() == BeginOptions.Strategy.FAIL);
  }

  /** {@return the scripts that state a verdict for each level} */
  public static List<Script> anomalies() {
    return all().stream().filter(script -> !script.verdicts.isEmpty()).toList();
  }

  /** {@return the scripts that state what the weakest models do} */
  public static List<Script> scenarios() {
    return all().stream().filter(script -> !script.models.isEmpty()).toList();
  }

  /** {@return the script {@code file}, without directory and ending} */
  public static Script named(String file) {
    return ScriptParser.parse(file, resource(file + ".txt"));
  }

  private static List<Script> all() {
    return resource("index.txt").lines().map(Script::named).toList();
  }

  private static String resource(String name) {
    try (InputStream in = Script.class.getResourceAsStream(DIRECTORY + name)) {
      if (in == null) {
        throw new IllegalArgumentException("no script " + DIRECTORY + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("read script " + name, e);
    }
  }
}
