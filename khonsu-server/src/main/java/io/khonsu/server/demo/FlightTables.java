package io.khonsu.server.demo;

import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.server.demo.AirportFile.Airport;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.ipc.InvalidArrowFileException;

/**
 * The demo's tables, loaded.
 *
 * <p>The data set does not name the airport of a flight, so flights are dealt out to the airports
 * in turn. From then on every airport keeps the number of its flights and the sum of their delays,
 * and every transaction must leave both right.
 *
 * @param flights row table of the number in the file, what the file says of a flight, the delay
 *     among it, and the code of the airport
 * @param airports row table of the code, what else the file says of an airport, and the totals
 * @param flightCount how many flights there are, numbered from 0
 * @param codes of all airports
 */
record FlightTables(Table flights, Table airports, int flightCount, List<String> codes) {

  FlightTables {
    codes = List.copyOf(codes);
  }

  /**
   * Creates the tables and loads each by one transaction.
   *
   * @param allocator for the batches on their way
   * @throws IOException if the file cannot be read, or is not one of flights
   */
  static FlightTables load(
      Khonsu db, Path flightFile, List<Airport> airports, BufferAllocator allocator)
      throws IOException {
    FlightLoader loader = new FlightLoader(airports, allocator);
    Table flightTable = loadFlights(db, flightFile, loader, allocator);
    Table airportTable =
        db.createTable(TableSpec.rows("airports", FlightLoader.AIRPORTS).primaryKey("iata"));
    try (VectorSchemaRoot batch = loader.airportsWithTotals()) {
      db.run(transaction -> transaction.upsert(airportTable, batch));
    }
    List<String> codes = airports.stream().map(Airport::iata).toList();
    return new FlightTables(flightTable, airportTable, loader.flightCount(), codes);
  }

  private static Table loadFlights(
      Khonsu db, Path file, FlightLoader loader, BufferAllocator allocator) throws IOException {
    try (FileChannel channel = FileChannel.open(file);
        ArrowFileReader reader = new ArrowFileReader(channel, allocator)) {
      VectorSchemaRoot batch = reader.getVectorSchemaRoot();
      Table flights =
          db.createTable(
              TableSpec.rows("flights", FlightLoader.flights(batch.getSchema())).primaryKey("row"));
      // Nobody else is here yet, so that this runs once.
      db.run(transaction -> {
        while (reader.loadNextBatch()) {
          try (VectorSchemaRoot numbered = loader.numbered(batch)) {
            transaction.upsert(flights, numbered);
          }
        }
      });
      return flights;
    } catch (InvalidArrowFileException | IllegalArgumentException e) {
      throw new IOException(file + " is not a file of flights: " + e.getMessage(), e);
    }
  }
}
