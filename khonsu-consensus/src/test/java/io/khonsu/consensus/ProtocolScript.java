package io.khonsu.consensus;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs a script of commands and writes down, below each, all that the replicas did. Lines that
 * start with {@code >} are commands, those with {@code #} comments, the others what happened.
 */
final class ProtocolScript {
  private final List<String> transcript = new ArrayList<>();
  private final TreeMap<Long, Node> nodes = new TreeMap<>();
  private final List<Envelope> network = new ArrayList<>();
  private Configuration configuration = Configuration.ofNodes(1, 1);
  private ReplicaOptions options = Lab.OPTIONS;
  private boolean silent;

  /** {@return the script with what happened instead of what was expected to} */
  static List<String> run(List<String> script) {
    ProtocolScript run = new ProtocolScript();
    for (String line : script) {
      if (line.startsWith(">")) {
        run.transcript.add(line);
        run.command(Arrays.asList(line.substring(1).strip().split(" +")));
      } else if (line.startsWith("#") || line.isBlank()) {
        run.transcript.add(line);
      }
    }
    return run.transcript;
  }

  private void command(List<String> words) {
    String verb = words.getFirst();
    switch (verb) {
      case "replicas" -> replicas(Integer.parseInt(words.get(1)));
      case "join" -> join(Long.parseLong(words.get(1)));
      case "pages" ->
          options = Lab.OPTIONS.withLimits(Integer.parseInt(words.get(1)), 1 << 20, 1 << 20);
      case "deliver" -> deliver(words, true);
      case "lose" -> deliver(words, false);
      case "settle" -> settle(words.subList(1, words.size()));
      default -> node(Long.parseLong(verb), words.get(1), words.subList(2, words.size()));
    }
    force();
  }

  private void replicas(int size) {
    long[] ids = new long[size];
    Arrays.setAll(ids, i -> i + 1);
    configuration = Configuration.ofNodes(1, ids);
    silent = true;
    for (Member member : configuration.members()) {
      add(member).bootstrap(configuration);
    }
    settle(List.of());
  }

  private void join(long id) {
    add(new Member(id, 0)).join();
  }

  private Node add(Member member) {
    Node node = new Node(new Identity(7, member), options, Set.of(), network::add, this::observe);
    nodes.put(member.node(), node);
    return node;
  }

  private Node node(long id) {
    return Invariants.present(nodes.get(id), "node " + id + " exists");
  }

  private void node(long id, String verb, List<String> words) {
    Node node = node(id);
    switch (verb) {
      case "campaign" -> node.step(new Input.Campaign());
      case "propose" -> node.step(new Input.Propose(Texts.entries(words.toArray(String[]::new))));
      case "tick" -> {
        for (int i = 0; i < Integer.parseInt(words.getFirst()); i++) {
          node.step(Input.TICK);
        }
      }
      case "read" -> node.step(new Input.Read(Long.parseLong(words.getFirst())));
      case "reconfigure" -> {
        long[] ids = words.stream().skip(1).mapToLong(Long::parseLong).toArray();
        Configuration next = Configuration.ofNodes(Long.parseLong(words.getFirst()), ids);
        node.step(new Input.Reconfigure(next, Bytes.EMPTY));
      }
      case "seeds" -> {
        List<Member> seeds =
            words.stream().map(word -> new Member(Long.parseLong(word), 0)).toList();
        node.step(new Input.Join(seeds));
      }
      case "trim" -> node.step(new Input.Trim(Long.parseLong(words.getFirst())));
      case "snapshot" -> node.snapshot(Long.parseLong(words.get(0)), Long.parseLong(words.get(1)));
      case "drop" -> node.dropSnapshot(Long.parseLong(words.getFirst()));
      case "reconnected" ->
          node.step(new Input.Reconnected(new Member(Long.parseLong(words.getFirst()), 0)));
      case "restart" -> {
        node.crash();
        node.restart(configuration);
      }
      default -> throw new IllegalArgumentException("unknown command: " + verb);
    }
  }

  /** Delivers or loses: {@code deliver all}, {@code deliver 1->2}, {@code deliver 1->2 Prepare}. */
  private void deliver(List<String> words, boolean arrives) {
    List<Envelope> batch = new ArrayList<>();
    for (Iterator<Envelope> all = network.iterator(); all.hasNext(); ) {
      Envelope envelope = all.next();
      if (matches(envelope, words)) {
        all.remove();
        batch.add(envelope);
      }
    }
    if (arrives) {
      for (Envelope envelope : batch) {
        node(envelope.to().node()).step(new Input.Receive(envelope));
        force();
      }
    }
  }

  private static boolean matches(Envelope envelope, List<String> words) {
    String link = envelope.from() + "->" + envelope.to();
    String name = envelope.message().getClass().getSimpleName();
    return (words.get(1).equals("all") || words.get(1).equals(link))
        && (words.size() < 3 || words.get(2).equals(name));
  }

  /** Delivers all that is said and follows, without writing it down; if named, only among these. */
  private void settle(List<String> members) {
    silent = true;
    force();
    while (!network.isEmpty()) {
      if (!members.isEmpty()) {
        network.removeIf(envelope ->
            !members.contains(envelope.from().toString())
                || !members.contains(envelope.to().toString()));
      }
      deliver(List.of("deliver", "all"), true);
    }
    silent = false;
  }

  private void force() {
    nodes.values().forEach(Node::forceAll);
  }

  private void observe(Node node, Output output) {
    if (silent) {
      return;
    }
    Member self = node.member();
    output.staged().forEach(chunk -> write(self + " stages " + format(chunk)));
    Persist persist = output.persist();
    if (persist != null) {
      write(self + " writes " + format(persist));
    }
    output.sendNow().forEach(this::write);
    output.sendAfterPersist().forEach(envelope -> write(envelope, ", when that is durable"));
    Decided decided = output.decided();
    if (decided != null) {
      write(self + " decides " + decided.firstIndex() + ": " + Texts.of(decided.entries()));
    }
    output.events().forEach(event -> write(self + " reports " + format(event)));
    output.snapshotReads().forEach(read -> write(self + " reads " + format(read)));
  }

  private void write(Envelope envelope) {
    write(envelope, "");
  }

  private void write(Envelope envelope, String when) {
    write(envelope.from() + " -> " + envelope.to() + " " + format(envelope.message()) + when);
  }

  private void write(String line) {
    transcript.add("  " + line);
  }

  private static String format(@Nullable Object value) {
    return switch (value) {
      case Entries entries -> Texts.of(List.of(entries)).toString();
      case List<?> list ->
          list.stream().map(ProtocolScript::format).collect(Collectors.joining(" ", "[", "]"));
      case Ballot ballot -> ballot.toString();
      case Member member -> member.toString();
      case Persist persist -> write(persist);
      case Metadata metadata ->
          "(promise "
              + metadata.promise()
              + ", accepted in "
              + metadata.acceptedRound()
              + ", from "
              + metadata.configurationStart()
              + " "
              + format(metadata.configuration())
              + ")";
      case Configuration one -> "configuration " + one.id() + " of " + one.members();
      case Record fields -> fields.getClass().getSimpleName() + parts(fields);
      case null -> "none";
      default -> value.toString();
    };
  }

  private static String write(Persist persist) {
    StringBuilder text = new StringBuilder();
    if (persist.install() != null) {
      text.append("snapshot ").append(persist.install()).append(", ");
    }
    if (!persist.append().isEmpty()) {
      text.append(persist.appendAt()).append(": ").append(Texts.of(persist.append())).append(", ");
    }
    text.append("kept from ").append(persist.trimTo());
    text.append(", decided ").append(persist.decidedIndex());
    if (persist.metadata() != null) {
      text.append(", ").append(format(persist.metadata()));
    }
    return text.toString();
  }

  private static String parts(Record fields) {
    List<String> parts = new ArrayList<>();
    for (RecordComponent component : fields.getClass().getRecordComponents()) {
      try {
        Object value = component.getAccessor().invoke(fields);
        if (value instanceof Long round && component.getName().equals("round")) {
          value = round & 0xffff; // Without the part that counts restarts.
        }
        parts.add(component.getName() + "=" + format(value));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("read " + component, e);
      }
    }
    return parts.toString().replace('[', '(').replace(']', ')');
  }
}
