package io.khonsu.backup;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** An archive on the heap, whose objects tests may change. Its clock is a field. Thread-safe. */
final class InMemoryArchiveStore implements ArchiveStore {
  private final Map<String, byte[]> contents = new TreeMap<>();
  private final Map<String, Instant> modified = new TreeMap<>();
  private Instant now = Instant.EPOCH;

  @Override
  public boolean putIfAbsent(String name, Content content) throws IOException {
    ArchiveStore.checkName(name);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    content.writeTo(out);
    synchronized (this) {
      modified.put(name, now);
      return contents.putIfAbsent(name, out.toByteArray()) == null;
    }
  }

  @Override
  public synchronized InputStream open(String name) throws IOException {
    byte[] content = contents.get(ArchiveStore.checkName(name));
    if (content == null) {
      throw new NoSuchFileException(name);
    }
    return new ByteArrayInputStream(content);
  }

  @Override
  public synchronized List<StoredObject> list(String prefix) {
    if (!prefix.isEmpty()) {
      ArchiveStore.checkName(prefix.substring(0, prefix.length() - 1));
    }
    return contents.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix))
        .map(entry ->
            new StoredObject(
                entry.getKey(),
                entry.getValue().length,
                Objects.requireNonNull(modified.get(entry.getKey()))))
        .toList();
  }

  @Override
  public synchronized void delete(String name) {
    contents.remove(ArchiveStore.checkName(name));
    modified.remove(name);
  }

  @Override
  public synchronized boolean deleteIfOlder(String name, Instant than) {
    Instant last = modified.get(ArchiveStore.checkName(name));
    boolean goes = last != null && last.isBefore(than);
    if (goes) {
      delete(name);
    }
    return goes;
  }

  synchronized void setNow(Instant instant) {
    now = instant;
  }

  synchronized byte[] bytes(String name) {
    return Objects.requireNonNull(contents.get(name), name).clone();
  }

  /** Puts an object there as nobody may. */
  synchronized void overwrite(String name, byte[] content) {
    contents.put(name, content.clone());
    modified.put(name, now);
  }

  synchronized InMemoryArchiveStore copy() {
    InMemoryArchiveStore copy = new InMemoryArchiveStore();
    contents.forEach(copy::overwrite);
    return copy;
  }

  /** {@return all objects; equal if the archives are} */
  synchronized Map<String, String> contents() {
    Map<String, String> hashes = new TreeMap<>();
    contents.forEach((name, content) -> hashes.put(name, HexFormat.of().formatHex(content)));
    return hashes;
  }

  @Override
  public String toString() {
    return "an archive in memory";
  }
}
