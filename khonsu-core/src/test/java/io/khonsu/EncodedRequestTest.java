package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.ConflictType;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Commit requests and their answers as bytes. */
class EncodedRequestTest {
  private static final Key KEY = Key.of(new byte[] {0, 0, 0, 1, 7});
  private static final Key LATER = Key.of(new byte[] {0, 0, 0, 1, 9, 9});

  private static final EncodedRequest REQUEST =
      new EncodedRequest(
          IsolationLevel.SERIALIZABLE,
          123_456_789_012L,
          List.of(KEY),
          List.of(KEY, LATER),
          List.of(
              new EncodedRequest.Range(new KeyInterval(KEY, LATER), null),
              new EncodedRequest.Range(new KeyInterval(LATER, null), RowFilter.column("a").eq(7L))),
          Map.of(
              ConflictStrategy.FAIL,
              EncodedRequest.changes(
                  List.of(new Mutation.PutRows(1, ByteBuffer.wrap(new byte[] {1, 2, 3})))),
              ConflictStrategy.APPEND,
              EncodedRequest.changes(
                  List.of(new Mutation.Delete(1, ByteBuffer.wrap(new byte[] {4}))))),
          List.of(new Mutation.PutBatch(2, "b", ByteBuffer.wrap(new byte[] {5}))));

  private static final CommitAnswer ANSWER =
      new CommitAnswer.Aborted(
          List.of(
              new Conflict(
                  KEY,
                  new KeyInterval(KEY, LATER),
                  ConflictType.READ_DELETE,
                  ConflictStrategy.FAIL,
                  5,
                  6,
                  null),
              new Conflict(
                  KEY, null, ConflictType.WRITE_WRITE, ConflictStrategy.IGNORE, 7, 8, null)));

  @Test
  void request_decoded_isEqual() throws Exception {
    assertThat(EncodedRequest.decode(REQUEST.encode())).isEqualTo(REQUEST);
  }

  @Test
  void request_insideALargerArray_isReadFromThere() throws Exception {
    byte[] bytes = REQUEST.encode();
    byte[] larger = new byte[bytes.length + 20];
    System.arraycopy(bytes, 0, larger, 7, bytes.length);
    ByteBuffer inside = ByteBuffer.wrap(larger, 7, bytes.length).asReadOnlyBuffer();
    EncodedRequest decoded = EncodedRequest.decode(inside);
    assertThat(decoded).isEqualTo(REQUEST);
    assertThat(decoded.encode()).isEqualTo(bytes);
    assertThat(EncodedRequest.hasAppends(inside)).isTrue();
    assertThat(inside.position()).isEqualTo(7);
    assertThatThrownBy(() -> EncodedRequest.decode(inside.limit(inside.limit() + 1)))
        .isInstanceOf(EncodedRequest.MalformedException.class)
        .hasMessageContaining("follow");
  }

  @Test
  void request_cutOff_isRefused() {
    byte[] bytes = REQUEST.encode();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> EncodedRequest.decode(cut))
          .isInstanceOf(EncodedRequest.MalformedException.class);
    }
    assertThatThrownBy(() -> EncodedRequest.decode(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(EncodedRequest.MalformedException.class)
        .hasMessageContaining("follow");
  }

  @Test
  void request_changedAnywhere_isReadOrRefused() {
    SplittableRandom random = new SplittableRandom(7);
    byte[] bytes = REQUEST.encode();
    int refused = 0;
    for (int i = 0; i < 4_000; i++) {
      byte[] changed = bytes.clone();
      changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
      refused += decodes(changed) == null ? 1 : 0;
    }
    assertThat(refused).isPositive();
  }

  private static @Nullable EncodedRequest decodes(byte[] bytes) {
    try {
      return EncodedRequest.decode(bytes);
    } catch (EncodedRequest.MalformedException e) {
      return null;
    }
  }

  @Test
  void request_whoseKeyIsLongerThanAny_isRefused() throws Exception {
    Key longest = Key.of(new byte[EncodedRequest.KEY_BYTES_MAX]);
    assertThat(EncodedRequest.decode(reading(longest)).items()).containsExactly(longest);
    assertThatThrownBy(() -> EncodedRequest.decode(reading(longest.successor())))
        .isInstanceOf(EncodedRequest.MalformedException.class)
        .hasMessageContaining("a key has 65542 bytes");
  }

  private static byte[] reading(Key key) {
    return new EncodedRequest(
            IsolationLevel.SERIALIZABLE, 1, List.of(), List.of(key), List.of(), Map.of(), List.of())
        .encode();
  }

  @Test
  void appends_areFound_withoutReadingTheRequest() {
    assertThat(EncodedRequest.hasAppends(ByteBuffer.wrap(REQUEST.encode()))).isTrue();
    assertThat(EncodedRequest.hasAppends(ByteBuffer.wrap(reading(KEY)))).isFalse();
    assertThat(EncodedRequest.hasAppends(ByteBuffer.allocate(3))).isTrue(); // then it must be read
  }

  @Test
  void answer_ofConflictsWithLongKeys_keepsTheFirst_thatFit() {
    Key from = Key.of(new byte[EncodedRequest.KEY_BYTES_MAX]);
    Conflict conflict =
        new Conflict(
            from,
            new KeyInterval(from, from.successor()),
            ConflictType.READ_WRITE,
            ConflictStrategy.FAIL,
            7,
            8,
            null);
    List<Conflict> many = java.util.Collections.nCopies(64, conflict);
    byte[] aborted = new CommitAnswer.Aborted(many).encode();
    assertThat(aborted.length).isLessThan(CommitAnswer.CONFLICT_BYTES_MAX + 64);
    assertThat(CommitAnswer.decode(aborted)).isEqualTo(new CommitAnswer.Aborted(List.of(conflict)));
    assertThat(new CommitAnswer.Committed(1, 0, many).encode().length)
        .isLessThan(CommitAnswer.CONFLICT_BYTES_MAX + 64);
  }

  @Test
  void answers_decoded_areEqual() {
    List<CommitAnswer> answers =
        List.of(
            ANSWER,
            new CommitAnswer.Committed(77, 3, List.of()),
            new CommitAnswer.TooOld(1, 2),
            new CommitAnswer.OverLimit(3, 4),
            new CommitAnswer.Refused(CommitAnswer.Reason.TABLE_EXISTS, "there is one"));
    for (CommitAnswer answer : answers) {
      assertThat(CommitAnswer.decode(answer.encode())).isEqualTo(answer);
    }
  }

  @Test
  void answer_cutOff_isRefused() {
    byte[] bytes = ANSWER.encode();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> CommitAnswer.decode(cut))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void answer_ofManyConflicts_keepsSome() {
    Conflict conflict =
        new Conflict(KEY, null, ConflictType.WRITE_WRITE, ConflictStrategy.IGNORE, 7, 8, null);
    List<Conflict> many = java.util.Collections.nCopies(1_000, conflict);
    assertThat(CommitAnswer.decode(new CommitAnswer.Aborted(many).encode()))
        .isEqualTo(new CommitAnswer.Aborted(many.subList(0, CommitAnswer.CONFLICTS_MAX)));
  }
}
