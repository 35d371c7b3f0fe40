package io.khonsu.consensus;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Entries as texts. */
final class Texts {
  private Texts() {}

  static Entries entries(String... texts) {
    List<byte[]> list = new ArrayList<>();
    for (String text : texts) {
      list.add(text.getBytes(StandardCharsets.UTF_8));
    }
    return Entries.of(list);
  }

  static String of(Entries run, int index) {
    StopSign stopSign = run.stopSign();
    return stopSign == null
        ? new String(run.entry(index), StandardCharsets.UTF_8)
        : "stop" + stopSign.next().id();
  }

  static List<String> of(List<Entries> runs) {
    List<String> texts = new ArrayList<>();
    for (Entries run : runs) {
      for (int i = 0; i < run.count(); i++) {
        texts.add(of(run, i));
      }
    }
    return texts;
  }
}
