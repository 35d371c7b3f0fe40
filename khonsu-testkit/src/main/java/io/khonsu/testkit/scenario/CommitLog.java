package io.khonsu.testkit.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** The committed states, one after each commit, and what each commit wrote. */
final class CommitLog {
  private final List<SortedMap<String, Long>> states = new ArrayList<>();
  private final List<Map<String, OptionalLong>> writes = new ArrayList<>();

  CommitLog(SortedMap<String, Long> start) {
    states.add(new TreeMap<>(start));
  }

  /** {@return how many commits there are} */
  int count() {
    return writes.size();
  }

  /** {@return the state after {@code commits} commits; not to be changed} */
  SortedMap<String, Long> state(int commits) {
    return states.get(commits);
  }

  void append(Map<String, OptionalLong> written) {
    SortedMap<String, Long> next = new TreeMap<>(states.getLast());
    written.forEach((key, value) -> Event.apply(next, key, value));
    states.add(next);
    writes.add(written);
  }

  /**
   * {@return whether a commit from the {@code first}th, counted from 0, to {@code end} wrote key}
   */
  boolean wrote(String key, int first, int end) {
    return writes.subList(first, end).stream().anyMatch(written -> written.containsKey(key));
  }

  /** {@return whether such a commit wrote a row that matches {@code predicate} before or after} */
  boolean touched(ScenarioPredicate predicate, int first, int end) {
    for (int commit = first; commit < end; commit++) {
      for (String key : writes.get(commit).keySet()) {
        if (matches(predicate, key, commit) || matches(predicate, key, commit + 1)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean matches(ScenarioPredicate predicate, String key, int commits) {
    Long value = states.get(commits).get(key);
    return value != null && predicate.matches(key, value);
  }
}
