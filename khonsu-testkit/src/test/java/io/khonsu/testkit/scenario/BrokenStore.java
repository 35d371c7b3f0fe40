package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** A store with one planted bug: what the suite must be able to find. */
final class BrokenStore implements ScenarioStore {

  /** What is wrong. */
  enum Bug {
    NONE,
    READS_UNCOMMITTED,
    ABORT_KEEPS_WRITES,
    ABORTED_WRITES_CONFLICT,
    TORN_COMMIT,
    STALE_SNAPSHOT,
    NO_SNAPSHOT,
    OWN_WRITES_INVISIBLE,
    LOST_COMMIT,
    NO_WRITE_CONFLICTS,
    DELETES_DO_NOT_CONFLICT,
    CONFLICTS_BY_VALUE,
    NO_ITEM_VALIDATION,
    ABSENT_KEYS_NOT_VALIDATED,
    NO_PREDICATE_VALIDATION,
    NO_BEFORE_IMAGE,
    NO_AFTER_IMAGE,
    BLIND_WRITES_CONFLICT,
    READ_ONLY_VALIDATED,
    REPLACES_WHAT_WAS_READ,
    REFUSED_FOR_GOOD
  }

  private final Bug bug;
  private final CommitLog commits = new CommitLog(new TreeMap<>());

  /** What validation takes to be the commits; differs from them by some bugs only. */
  private final CommitLog validated = new CommitLog(new TreeMap<>());

  private final List<BrokenTransaction> open = new ArrayList<>();
  private boolean lastIsTorn;

  BrokenStore(Bug bug) {
    this.bug = bug;
  }

  @Override
  public ScenarioTransaction begin(BeginOptions options) {
    return new BrokenTransaction(options);
  }

  @Override
  public SortedMap<String, Long> state() {
    return new TreeMap<>(commits.state(commits.count()));
  }

  @Override
  public boolean supports(BeginOptions.Strategy strategy) {
    return true;
  }

  @Override
  public void close() {}

  private int newest() {
    int count = commits.count();
    return switch (bug) {
      case TORN_COMMIT -> lastIsTorn ? Math.max(0, count - 1) : count;
      case STALE_SNAPSHOT -> Math.max(0, count - 1);
      default -> count;
    };
  }

  private void install(SortedMap<String, OptionalLong> writes) {
    lastIsTorn = bug == Bug.TORN_COMMIT && writes.size() > 1;
    if (bug == Bug.TORN_COMMIT && writes.size() > 1) {
      SortedMap<String, OptionalLong> half = writes.headMap(writes.lastKey());
      commits.append(new TreeMap<>(half));
      validated.append(new TreeMap<>(half));
    }
    commits.append(writes);
    SortedMap<String, OptionalLong> noticed = new TreeMap<>(writes);
    if (bug == Bug.DELETES_DO_NOT_CONFLICT) {
      noticed.values().removeIf(OptionalLong::isEmpty);
    }
    validated.append(noticed);
  }

  private final class BrokenTransaction implements ScenarioTransaction {
    private final BeginOptions options;
    private final int begunAfter = newest();
    private final List<Event> events = new ArrayList<>();

    BrokenTransaction(BeginOptions options) {
      this.options = options;
      open.add(this);
    }

    @Override
    public OptionalLong read(String key) {
      Long value = see(new Event.Target.Item(key)).get(key);
      return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    @Override
    public SortedMap<String, Long> scan(ScenarioPredicate predicate) {
      return see(new Event.Target.Rows(predicate));
    }

    @Override
    public void write(String key, long value) {
      events.add(new Event.Wrote(key, OptionalLong.of(value)));
    }

    @Override
    public void delete(String key) {
      events.add(new Event.Wrote(key, OptionalLong.empty()));
    }

    @Override
    public void abort() {
      open.remove(this);
      if (bug == Bug.ABORT_KEEPS_WRITES) {
        install(Event.writes(events));
      } else if (bug == Bug.ABORTED_WRITES_CONFLICT) {
        SortedMap<String, OptionalLong> unchanged = Event.writes(events);
        unchanged.replaceAll((key, _) -> value(key, commits.count()));
        install(unchanged);
      }
    }

    @Override
    public CommitOutcome commit() {
      open.remove(this);
      Optional<String> refusal = refusal();
      if (refusal.isPresent()) {
        return new CommitOutcome.Refused(refusal.get(), bug != Bug.REFUSED_FOR_GOOD);
      }
      if (bug != Bug.LOST_COMMIT || open.isEmpty()) {
        install(Event.writes(events));
      }
      return new CommitOutcome.Committed();
    }

    private SortedMap<String, Long> see(Event.Target target) {
      boolean newest = options.level() == Level.READ_COMMITTED || bug == Bug.NO_SNAPSHOT;
      SortedMap<String, Long> visible =
          new TreeMap<>(commits.state(newest ? newest() : begunAfter));
      if (bug == Bug.READS_UNCOMMITTED) {
        open.forEach(other -> overlay(visible, other.events));
      }
      if (bug != Bug.OWN_WRITES_INVISIBLE) {
        overlay(visible, events);
      }
      SortedMap<String, Long> seen = target.in(visible);
      events.add(new Event.Saw(target, seen, commits.count()));
      return seen;
    }

    private Optional<String> refusal() {
      int end = validated.count();
      BeginOptions as = options;
      if (bug == Bug.READ_ONLY_VALIDATED) {
        as = new BeginOptions(options.level(), BeginOptions.Access.READ_WRITE, options.strategy());
      }
      if (bug == Bug.REPLACES_WHAT_WAS_READ
          && options.strategy() == BeginOptions.Strategy.REPLACE) {
        return Optional.empty();
      }
      Optional<String> refusal = Certification.refusal(as, noticed(), validated, begunAfter, end);
      return switch (bug) {
        case NO_WRITE_CONFLICTS ->
            refusal.filter(reason -> !reason.startsWith("write-write conflict"));
        case CONFLICTS_BY_VALUE -> refusal.filter(_ -> somethingDiffers());
        case BLIND_WRITES_CONFLICT ->
            refusal.or(() -> Certification.overwritten(events, validated, begunAfter, end));
        case NO_BEFORE_IMAGE -> refusal.filter(reason -> !isPredicate(reason) || image(1));
        case NO_AFTER_IMAGE -> refusal.filter(reason -> !isPredicate(reason) || image(0));
        default -> refusal;
      };
    }

    /** {@return what validation looks at} */
    private List<Event> noticed() {
      return events.stream().filter(event -> !overlooked(event)).toList();
    }

    private boolean overlooked(Event event) {
      if (!(event instanceof Event.Saw(Event.Target target, var seen, int _))) {
        return false;
      }
      return switch (bug) {
        case NO_ITEM_VALIDATION -> target instanceof Event.Target.Item;
        case ABSENT_KEYS_NOT_VALIDATED -> target instanceof Event.Target.Item && seen.isEmpty();
        case NO_PREDICATE_VALIDATION -> target instanceof Event.Target.Rows;
        default -> false;
      };
    }

    private boolean somethingDiffers() {
      return commits.state(begunAfter).keySet().stream()
          .anyMatch(key -> !value(key, begunAfter).equals(value(key, commits.count())));
    }

    private boolean isPredicate(String reason) {
      return reason.startsWith("stale read of value") || reason.startsWith("stale read of keys");
    }

    /** {@return whether an image before (0) or after (1) a commit matches a predicate read} */
    private boolean image(int offset) {
      for (Event event : events) {
        if (event instanceof Event.Saw(Event.Target.Rows rows, var _, int _)) {
          for (int commit = begunAfter; commit < commits.count(); commit++) {
            Map<String, Long> now = rows.in(commits.state(commit + offset));
            Map<String, Long> then = rows.in(commits.state(commit + 1 - offset));
            if (now.entrySet().stream().anyMatch(row -> !then.entrySet().contains(row))) {
              return true;
            }
          }
        }
      }
      return false;
    }

    private OptionalLong value(String key, int after) {
      Long value = commits.state(after).get(key);
      return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }
  }

  private static void overlay(SortedMap<String, Long> state, List<Event> events) {
    Event.writes(events).entrySet().stream()
        .sorted(Comparator.comparing(Map.Entry::getKey))
        .forEach(write -> Event.apply(state, write.getKey(), write.getValue()));
  }
}
