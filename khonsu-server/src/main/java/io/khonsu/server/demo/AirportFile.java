package io.khonsu.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads the airports that come with the program: CSV with a header line. */
final class AirportFile {
  private static final String HEADER = "iata,name,city,state,country,latitude,longitude";

  /** One airport; its code is unique. */
  record Airport(
      String iata,
      String name,
      String city,
      String state,
      String country,
      double latitude,
      double longitude) {}

  private AirportFile() {}

  /**
   * {@return the airports in the order of the file, at least two}
   *
   * @throws IOException if the file cannot be read, or is not one of airports
   */
  static List<Airport> read(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    if (lines.isEmpty() || !lines.getFirst().equals(HEADER)) {
      throw new IOException(file + " does not begin with the line " + HEADER);
    }
    List<Airport> airports = new ArrayList<>(lines.size());
    for (int i = 1; i < lines.size(); i++) {
      try {
        airports.add(airport(fields(lines.get(i))));
      } catch (IllegalArgumentException e) {
        throw new IOException(file + " line " + (i + 1) + ": " + e.getMessage(), e);
      }
    }
    if (airports.size() < 2) {
      throw new IOException(file + " has fewer than two airports");
    }
    return airports;
  }

  private static Airport airport(List<String> fields) {
    if (fields.size() != 7) {
      throw new IllegalArgumentException("7 fields expected, but there are " + fields.size());
    }
    return new Airport(
        fields.get(0),
        fields.get(1),
        fields.get(2),
        fields.get(3),
        fields.get(4),
        Double.parseDouble(fields.get(5)),
        Double.parseDouble(fields.get(6)));
  }

  /** {@return the fields of a line} In quotes a comma is text, and a doubled quote is a quote. */
  static List<String> fields(String line) {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean isQuoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == ',' && !isQuoted) {
        fields.add(field.toString());
        field.setLength(0);
      } else if (c != '"') {
        field.append(c);
      } else if (isQuoted && line.startsWith("\"", i + 1)) {
        field.append(c);
        i++;
      } else {
        isQuoted = !isQuoted;
      }
    }
    if (isQuoted) {
      throw new IllegalArgumentException("a quote is not closed");
    }
    fields.add(field.toString());
    return fields;
  }
}
