package io.khonsu.server.torture;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.khonsu.testkit.history.HistoryTransaction;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.Operation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the clients on one node have noted, read as it grows: a line when a transaction begins, and
 * one when its outcome is known. A transaction whose client was killed has only the first. Not
 * thread-safe.
 *
 * <p>A line: {@code I client nanos operations} or {@code C client nanos version snapshot
 * operations}, {@code F client nanos} if it failed, {@code U client nanos} if nobody knows. An
 * operation: {@code a:key:value}, {@code r:key} or, read, {@code r:key:v,v,v}. Times are of the
 * machine's monotone clock, which all processes share.
 */
final class ClientLog {
  private static final String NONE = "-";

  private final Path path;
  private final Map<Long, Begun> begun = new HashMap<>();
  private final List<Ended> ended = new ArrayList<>();
  private long readBytes;

  /** A transaction that has begun. */
  private record Begun(long nanos, List<Operation> operations) {}

  /**
   * A transaction that has ended.
   *
   * @param client a number of its own for each life of a node
   */
  record Ended(
      long client,
      Outcome outcome,
      long invokedNanos,
      long completedNanos,
      List<Operation> operations,
      @Nullable Long version,
      @Nullable Long snapshot) {
    /** {@return it as a part of a history} */
    HistoryTransaction inHistory(int process) {
      return new HistoryTransaction(
          0, process, operations, outcome, invokedNanos, completedNanos, version, snapshot);
    }
  }

  ClientLog(Path path) {
    this.path = path;
  }

  static String begin(long client, long nanos, List<Operation> operations) {
    return "I %d %d%s\n".formatted(client, nanos, texts(operations));
  }

  static String committed(
      long client,
      long nanos,
      @Nullable Long version,
      @Nullable Long snapshot,
      List<Operation> operations) {
    return "C %d %d %s %s%s\n"
        .formatted(client, nanos, text(version), text(snapshot), texts(operations));
  }

  static String failed(long client, long nanos) {
    return "F %d %d\n".formatted(client, nanos);
  }

  static String unknown(long client, long nanos) {
    return "U %d %d\n".formatted(client, nanos);
  }

  private static String text(@Nullable Long number) {
    return number == null ? NONE : number.toString();
  }

  private static String texts(List<Operation> operations) {
    StringBuilder text = new StringBuilder();
    for (Operation operation : operations) {
      switch (operation) {
        case Operation.Append(long key, long value) ->
            text.append(" a:").append(key).append(':').append(value);
        case Operation.ReadList(long key, var seen) -> {
          text.append(" r:").append(key);
          if (seen != null) {
            text.append(':');
            seen.forEach(value -> text.append(value).append(','));
          }
        }
        case Operation.Write _, Operation.ReadRegister _ ->
            throw new IllegalArgumentException("lists have no " + operation);
      }
    }
    return text.toString();
  }

  /** Reads what has been noted since. */
  void read() throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    byte[] more;
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      more = new byte[Math.toIntExact(file.length() - readBytes)];
      file.seek(readBytes);
      file.readFully(more);
    }
    String text = new String(more, US_ASCII);
    int end = text.lastIndexOf('\n') + 1; // a line that is just being written comes next time
    text.substring(0, end).lines().forEach(this::take);
    readBytes += end;
  }

  private void take(String line) {
    String[] words = line.split(" ");
    long client = Long.parseLong(words[1]);
    long nanos = Long.parseLong(words[2]);
    if (words[0].equals("I")) {
      begun.put(client, new Begun(nanos, operations(words, 3)));
      return;
    }
    Begun start = begun.remove(client);
    if (start == null) {
      throw new IllegalStateException("no transaction of a client ended: " + line);
    }
    ended.add(
        switch (words[0]) {
          case "C" ->
              new Ended(
                  client,
                  Outcome.COMMITTED,
                  start.nanos,
                  nanos,
                  operations(words, 5),
                  number(words[3]),
                  number(words[4]));
          case "F" -> end(client, Outcome.FAILED, start, nanos);
          case "U" -> end(client, Outcome.UNKNOWN, start, nanos);
          default -> throw new IllegalStateException("no line of a client: " + line);
        });
  }

  private static Ended end(long client, Outcome outcome, Begun start, long nanos) {
    return new Ended(client, outcome, start.nanos, nanos, start.operations, null, null);
  }

  private static @Nullable Long number(String word) {
    return word.equals(NONE) ? null : Long.valueOf(word);
  }

  private static List<Operation> operations(String[] words, int from) {
    List<Operation> operations = new ArrayList<>();
    for (int i = from; i < words.length; i++) {
      String[] parts = words[i].split(":", -1);
      long key = Long.parseLong(parts[1]);
      operations.add(
          parts[0].equals("a")
              ? new Operation.Append(key, Long.parseLong(parts[2]))
              : new Operation.ReadList(key, parts.length < 3 ? null : values(parts[2])));
    }
    return operations;
  }

  private static List<Long> values(String text) {
    List<Long> values = new ArrayList<>();
    for (String value : text.split(",", -1)) {
      if (!value.isEmpty()) {
        values.add(Long.valueOf(value));
      }
    }
    return values;
  }

  /** {@return what has ended, in the order in which it was noted} */
  List<Ended> ended() {
    return ended;
  }

  /** {@return the same, and as unknown what was under way when its client ended} */
  List<Ended> all(long nowNanos) {
    List<Ended> all = new ArrayList<>(ended);
    begun.forEach((client, start) -> all.add(end(client, Outcome.UNKNOWN, start, nowNanos)));
    return all;
  }
}
