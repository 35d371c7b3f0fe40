package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.ConflictType;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * What requests, questions and answers look like on the wire and in logs: nodes and clients of
 * other builds read them, and replicas hash the answers.
 */
class WireBytesTest {
  private static final Key KEY = Key.of(new byte[] {0, 0, 0, 7, 1});
  private static final Key LATER = Key.of(new byte[] {0, 0, 0, 7, 2});
  private static final KeyInterval RANGE = new KeyInterval(KEY, LATER);
  private static final long CLUSTER = 9;

  @Test
  void request_hasTheseBytes() {
    EncodedRequest request =
        new EncodedRequest(
            IsolationLevel.SERIALIZABLE,
            258,
            List.of(KEY),
            List.of(KEY, LATER),
            List.of(
                new EncodedRequest.Range(RANGE, null),
                new EncodedRequest.Range(new KeyInterval(LATER, null), null)),
            Map.of(
                ConflictStrategy.REPLACE,
                EncodedRequest.changes(
                    List.of(new Mutation.Delete(7, ByteBuffer.wrap(new byte[] {1}))))),
            List.of());
    assertThat(hex(request.encode()))
        .isEqualTo(
            "0103" // format, SERIALIZABLE
                + "0000000000000102" // snapshot
                + "00000001000000050000000701" // guards
                + "00000002000000050000000701000000050000000702" // items
                + "00000002" // ranges
                + ("0000000500000007010100000005000000070200000000" + "00000005000000070200")
                + "00000000"
                + "00000001020000002a" // writes: REPLACE
                + "4b5401000000002afc4e01e9000000000000000100000000000000000000000105000000070000000101"
                + "00000000"); // appends
  }

  @Test
  void answersOfTheStore_haveTheseBytes() {
    assertThat(hex(new CommitAnswer.Committed(258, 3, List.of()).encode()))
        .isEqualTo("010000000000000001020000000300");
    assertThat(hex(new CommitAnswer.TooOld(1, 2).encode()))
        .isEqualTo("010200000000000000010000000000000002");
    assertThat(hex(new CommitAnswer.OverLimit(3, 4).encode()))
        .isEqualTo("010300000000000000030000000000000004");
    assertThat(hex(new CommitAnswer.Refused(CommitAnswer.Reason.TABLE_EXISTS, "ä").encode()))
        .isEqualTo("01040100000002c3a4");
  }

  @Test
  void conflicts_haveTheseBytes() {
    List<Conflict> conflicts =
        List.of(
            new Conflict(KEY, RANGE, ConflictType.READ_DELETE, ConflictStrategy.FAIL, 5, 6, null),
            new Conflict(KEY, null, ConflictType.WRITE_WRITE, ConflictStrategy.IGNORE, 7, 8, null));
    assertThat(hex(new CommitAnswer.Aborted(conflicts).encode()))
        .isEqualTo(
            "010102" // format, kind, how many
                + "00000005000000070102000000050000000701000000050000000702"
                + "020000000000000000050000000000000006"
                + "0000000500000007010001010000000000000007"
                + "0000000000000008");
  }

  @Test
  void answersToClients_haveTheseBytes() {
    assertThat(hex(new RemoteAnswer.Decided(new byte[] {1, 2}, true).encode(CLUSTER)))
        .isEqualTo("0200000000000000090500000002010201");
    assertThat(hex(new RemoteAnswer.Names(List.of(KEY), LATER).encode(CLUSTER)))
        .isEqualTo("020000000000000009030000000100000005000000070100000001000000050000000702");
    assertThat(hex(new RemoteAnswer.Unknown("b").encode(CLUSTER)))
        .isEqualTo("020000000000000009080000000162");
    assertThat(hex(new RemoteAnswer.TooLarge(5, 6).encode(CLUSTER)))
        .isEqualTo("0200000000000000090c00000000000000050000000000000006");
  }

  @Test
  void questionsOfClients_haveTheseBytes() {
    assertThat(hex(new RemoteQuestion.Commit(1, 2, 3, new byte[] {4}).encode(CLUSTER)))
        .isEqualTo(
            "020000000000000009060000000000000001000000000000000200000000000000030000000104");
    assertThat(hex(new RemoteQuestion.Range(1, RANGE, new byte[] {5}, true).encode(CLUSTER)))
        .isEqualTo(
            "02000000000000000903000000000000000100000005000000070101000000050000000702000000010501");
    assertThat(hex(new RemoteQuestion.Changed(new byte[] {6}, 7).encode(CLUSTER)))
        .isEqualTo("02000000000000000904000000010600000007");
    assertThat(hex(new RemoteQuestion.Newest(1, 2).encode(CLUSTER)))
        .isEqualTo("0200000000000000090100000000000000010000000000000002");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
