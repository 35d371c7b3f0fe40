package io.khonsu.server;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The directory of data sets that come with the program; {@code data/README.md} describes them.
 *
 * @param directory where the files are
 */
record ShippedData(Path directory) {
  private static final String HOME_PROPERTY = "khonsu.home";

  /**
   * Returns the data sets of the installation that is running, which the launcher names in a system
   * property.
   *
   * @throws IllegalStateException if the program was started without the launcher
   */
  static ShippedData ofInstallation() {
    String home = System.getProperty(HOME_PROPERTY);
    if (home == null) {
      throw new IllegalStateException(
          "The system property " + HOME_PROPERTY + " is not set: start the program by ./khonsu");
    }
    return new ShippedData(Path.of(home, "data"));
  }

  /**
   * Returns the file of one data set.
   *
   * @throws IllegalStateException if it is not there
   */
  Path file(String name) {
    Path file = directory.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new IllegalStateException("The data set is missing: " + file);
    }
    return file;
  }
}
