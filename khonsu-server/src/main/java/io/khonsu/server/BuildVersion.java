package io.khonsu.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** The line of {@code khonsu --version}: the version that was built, and the Java it runs on. */
final class BuildVersion implements IVersionProvider {
  @Override
  public String[] getVersion() throws IOException {
    try (InputStream in = BuildVersion.class.getResourceAsStream("version.txt")) {
      String version = new String(Objects.requireNonNull(in, "version.txt").readAllBytes(), UTF_8);
      return new String[] {"khonsu " + version.strip() + " (Java " + Runtime.version() + ")"};
    }
  }
}
