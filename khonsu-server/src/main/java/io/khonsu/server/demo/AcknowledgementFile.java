package io.khonsu.server.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.khonsu.server.demo.Transfers.Acknowledgement;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the writers of {@link ClusterLoad} on one node have noted, read as it grows. */
final class AcknowledgementFile {
  private final Path path;
  private final List<Acknowledgement> lines = new ArrayList<>();
  private long read;

  AcknowledgementFile(Path path) {
    this.path = path;
  }

  /** {@return all that is there now, in the order in which it was noted} */
  List<Acknowledgement> all() throws IOException {
    if (!Files.exists(path)) {
      return List.of();
    }
    byte[] more;
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      more = new byte[(int) (file.length() - read)];
      file.seek(read);
      file.readFully(more);
    }
    String text = new String(more, US_ASCII);
    int end = text.lastIndexOf('\n') + 1; // a line that is just being written comes next time
    text.substring(0, end).lines().map(Acknowledgement::parse).forEach(lines::add);
    read += end;
    return lines;
  }
}
