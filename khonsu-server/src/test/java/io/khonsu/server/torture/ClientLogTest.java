package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients note, and what is read of it. */
class ClientLogTest {
  private static final Operation APPEND = new Operation.Append(3, 70);

  @TempDir private Path directory;

  private Path file() {
    return directory.resolve("node-1.clients");
  }

  private void write(String text) throws IOException {
    Files.writeString(file(), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static Operation read(Long... seen) {
    return new Operation.ReadList(4, List.of(seen));
  }

  @Test
  void transactions_areReadAsTheyWereNoted() throws Exception {
    ClientLog log = new ClientLog(file());
    log.read(); // nothing is there yet
    List<Operation> asked = List.of(APPEND, new Operation.ReadList(4, null));
    List<Operation> done = List.of(APPEND, read(1L, 2L), read());
    write(ClientLog.begin(17, 100, asked));
    write(ClientLog.begin(33, 110, asked));
    write(ClientLog.committed(17, 120, 9L, null, done));
    write(ClientLog.failed(33, 130));
    log.read();
    write(ClientLog.begin(33, 140, asked));
    write(ClientLog.unknown(33, 150));
    log.read();
    assertThat(log.ended())
        .containsExactly(
            new ClientLog.Ended(17, Outcome.COMMITTED, 100, 120, done, 9L, null),
            new ClientLog.Ended(33, Outcome.FAILED, 110, 130, asked, null, null),
            new ClientLog.Ended(33, Outcome.UNKNOWN, 140, 150, asked, null, null));
  }

  @Test
  void transactionWhoseClientWasKilled_isUnknown() throws Exception {
    ClientLog log = new ClientLog(file());
    write(ClientLog.begin(17, 100, List.of(APPEND)));
    log.read();
    assertThat(log.ended()).isEmpty();
    assertThat(log.all(500))
        .containsExactly(
            new ClientLog.Ended(17, Outcome.UNKNOWN, 100, 500, List.of(APPEND), null, null));
  }

  @Test
  void lineThatIsBeingWritten_isReadWhenItIsWhole() throws Exception {
    ClientLog log = new ClientLog(file());
    String line = ClientLog.begin(17, 100, List.of(APPEND));
    write(line.substring(0, 9));
    log.read();
    assertThat(log.all(1)).isEmpty();
    write(line.substring(9) + ClientLog.failed(17, 110));
    log.read();
    assertThat(log.ended()).hasSize(1);
  }

  @Test
  void whatIsNoLine_isRefused() throws Exception {
    write(ClientLog.failed(17, 110));
    assertThatThrownBy(() -> new ClientLog(file()).read())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("F 17 110");
  }
}
