package io.khonsu.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.backup.ArchiveStore.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link ArchiveStore} does. */
abstract class ArchiveStoreContract {
  /** {@return an empty archive, the same one at each call} */
  abstract ArchiveStore archive() throws IOException;

  @Test
  void object_isReadAsItWasWritten() throws Exception {
    assertThat(put("a/b", "content")).isTrue();

    assertThat(get("a/b")).isEqualTo("content");
  }

  @Test
  void object_thatIsThere_isLeftAlone() throws Exception {
    put("a", "first");

    assertThat(put("a", "second")).isFalse();

    assertThat(get("a")).isEqualTo("first");
  }

  @Test
  void object_whoseContentFails_isNotThere() throws Exception {
    assertThatThrownBy(() ->
            archive()
                .putIfAbsent(
                    "a",
                    out -> {
                      out.write(1);
                      throw new IOException("torn");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage("torn");

    assertThat(names("")).isEmpty();
    assertThat(put("a", "whole")).isTrue();
  }

  @Test
  void unknownObject_isNoSuchFile() {
    assertThatThrownBy(() -> archive().open("a/b")).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void list_isOfAPrefix_inOrder() throws Exception {
    for (String name : List.of("b/2", "b/10", "a", "b/c/d", "c")) {
      put(name, name);
    }

    assertThat(names("")).containsExactly("a", "b/10", "b/2", "b/c/d", "c");
    assertThat(names("b/")).containsExactly("b/10", "b/2", "b/c/d");
    assertThat(names("x/")).isEmpty();
    assertThat(archive().list("b/c/")).extracting(StoredObject::sizeBytes).containsExactly(5L);
  }

  @Test
  void list_afterAName_isTheRest() throws Exception {
    for (String name : List.of("a/1-x", "a/1/y", "a/1.z", "a/10", "a/2/b/c", "a/3", "b")) {
      put(name, name);
    }
    List<String> all = names("a/");
    assertThat(all).hasSize(6);
    for (String after :
        List.of("", "a", "a/", "a/1", "a/1-", "a/1/", "a/1/y", "a/2/b", "a/9", "c")) {
      assertThat(archive().list("a/", after))
          .as("after %s", after)
          .extracting(StoredObject::name)
          .isEqualTo(all.stream().filter(name -> name.compareTo(after) > 0).toList());
    }
  }

  @Test
  void oldObject_goes_youngStays() throws Exception {
    put("a", "content");
    Instant modified = archive().list("").getFirst().modified();

    assertThat(archive().deleteIfOlder("a", modified)).isFalse();
    assertThat(get("a")).isEqualTo("content");
    assertThat(archive().deleteIfOlder("a", modified.plusMillis(1))).isTrue();
    assertThat(names("")).isEmpty();
    assertThat(archive().deleteIfOlder("a", modified.plusMillis(1))).isFalse();
  }

  @Test
  void deletedObject_isGone_andCanBeWrittenAgain() throws Exception {
    put("a", "first");

    archive().delete("a");
    archive().delete("a");

    assertThat(names("")).isEmpty();
    assertThat(put("a", "second")).isTrue();
    assertThat(get("a")).isEqualTo("second");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "..",
        "../a",
        "a/../b",
        "a/..",
        ".",
        "./a",
        ".hidden",
        "a/.b",
        "a\\b",
        "a:b",
        "a b",
        "a\u0000",
        "a\n",
        "\u00e4",
        "1/2/3/4/5/6/7/8/9"
      })
  void badName_isRefusedByEveryMethod(String name) {
    assertThatIllegalArgumentException().isThrownBy(() -> put(name, "x"));
    assertThatIllegalArgumentException().isThrownBy(() -> archive().open(name));
    assertThatIllegalArgumentException().isThrownBy(() -> archive().delete(name));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> archive().deleteIfOlder(name, Instant.EPOCH));
    if (!name.isEmpty()) {
      assertThatIllegalArgumentException().isThrownBy(() -> archive().list(name + "/"));
    }
  }

  @Test
  void longName_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> put("a".repeat(129), "x"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> put("a".repeat(1_000_000), "x"))
        .withMessageContaining("aaa...");
  }

  @Test
  void writersOfOneName_oneWins() throws Exception {
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < 20; round++) {
        String name = "race/" + round;
        List<Future<Boolean>> results = new ArrayList<>();
        for (int writer = 0; writer < 4; writer++) {
          String content = "writer " + writer;
          results.add(executor.submit(() -> put(name, content)));
        }
        List<Integer> winners = new ArrayList<>();
        for (int writer = 0; writer < results.size(); writer++) {
          if (results.get(writer).get()) {
            winners.add(writer);
          }
        }
        assertThat(winners).hasSize(1);
        assertThat(get(name)).isEqualTo("writer " + winners.getFirst());
      }
    }
  }

  @Test
  void listing_alsoOfAnArchiveJustOpened_hasWhatStays_whileOthersComeAndGo() throws Exception {
    ArchiveStore archive = archive();
    put("a/stays", "x");
    AtomicBoolean stop = new AtomicBoolean();
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<Integer> others =
          executor.submit(() -> {
            int rounds = 0;
            for (; !stop.get(); rounds++) {
              boolean _ = archive.putIfAbsent("a/goes", out -> out.write(1));
              archive.delete("a/goes");
            }
            return rounds;
          });
      try {
        for (int round = 0; round < 1_000; round++) {
          assertThat(names("")).contains("a/stays");
        }
      } finally {
        stop.set(true);
      }
      assertThat(others.get()).isNotNegative();
    }
  }

  boolean put(String name, String content) throws IOException {
    return archive().putIfAbsent(name, out -> out.write(content.getBytes(UTF_8)));
  }

  String get(String name) throws IOException {
    try (InputStream in = archive().open(name)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private List<String> names(String prefix) throws IOException {
    return archive().list(prefix).stream().map(StoredObject::name).toList();
  }
}
