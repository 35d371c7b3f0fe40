package io.khonsu.server.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.server.demo.AirportFile.Airport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Numbers flights, deals them out to the airports in turn, and adds up. Used by one thread. */
final class FlightLoader {
  private static final ArrowType INT32 = new ArrowType.Int(32, true);
  private static final ArrowType INT64 = new ArrowType.Int(64, true);
  private static final ArrowType FLOAT64 =
      new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
  private static final ArrowType UTF8 = ArrowType.Utf8.INSTANCE;

  private static final Field ROW = Field.notNullable("row", INT32);
  private static final Field AIRPORT = Field.notNullable("airport", UTF8);
  private static final int CODE_SIZE_BYTES = 4;

  /** The columns of the airports. */
  static final Schema AIRPORTS =
      new Schema(
          List.of(
              Field.notNullable("iata", UTF8),
              Field.notNullable("name", UTF8),
              Field.notNullable("city", UTF8),
              Field.notNullable("state", UTF8),
              Field.notNullable("country", UTF8),
              Field.notNullable("latitude", FLOAT64),
              Field.notNullable("longitude", FLOAT64),
              Field.notNullable("flights", INT32),
              Field.notNullable("minutes", INT64)));

  private final List<Airport> airports;
  private final List<byte[]> codes;
  private final BufferAllocator allocator;
  private final int[] flights;
  private final long[] minutes;
  private int flightCount;

  /**
   * Creates a loader that has seen no flights.
   *
   * @param allocator for the batches that it makes
   */
  FlightLoader(List<Airport> airports, BufferAllocator allocator) {
    this.airports = List.copyOf(airports);
    this.codes = airports.stream().map(airport -> airport.iata().getBytes(UTF_8)).toList();
    this.allocator = allocator;
    this.flights = new int[airports.size()];
    this.minutes = new long[airports.size()];
  }

  /** {@return the columns of the flights, for a file of these} */
  static Schema flights(Schema file) {
    List<Field> fields = new ArrayList<>();
    fields.add(ROW);
    fields.addAll(file.getFields());
    fields.add(AIRPORT);
    return new Schema(fields);
  }

  /** {@return how many flights were numbered} */
  int flightCount() {
    return flightCount;
  }

  /**
   * {@return the next rows of the file with their numbers and airports} Shares, and closes, the
   * vectors of {@code batch}.
   *
   * @throws IllegalArgumentException if they have no delays
   */
  @MustBeClosed
  VectorSchemaRoot numbered(VectorSchemaRoot batch) {
    int count = batch.getRowCount();
    if (!(batch.getVector("delay") instanceof SmallIntVector delays) || delays.getNullCount() > 0) {
      throw new IllegalArgumentException("it needs a column \"delay\" of int16 without nulls");
    }
    IntVector rows = new IntVector(ROW, allocator);
    VarCharVector homes = new VarCharVector(AIRPORT, allocator);
    List<FieldVector> vectors = new ArrayList<>();
    vectors.add(rows);
    vectors.addAll(batch.getFieldVectors());
    vectors.add(homes);
    rows.allocateNew(count);
    homes.allocateNew((long) CODE_SIZE_BYTES * count, count);
    for (int i = 0; i < count; i++) {
      int airport = flightCount % airports.size();
      rows.set(i, flightCount++);
      homes.setSafe(i, codes.get(airport));
      flights[airport]++;
      minutes[airport] += delays.get(i);
    }
    VectorSchemaRoot numbered = new VectorSchemaRoot(vectors);
    numbered.setRowCount(count);
    return numbered;
  }

  /** {@return the airports with the totals of the flights so far} */
  @MustBeClosed
  VectorSchemaRoot airportsWithTotals() {
    VectorSchemaRoot batch = VectorSchemaRoot.create(AIRPORTS, allocator);
    batch.allocateNew();
    fill(batch, "iata", Airport::iata);
    fill(batch, "name", Airport::name);
    fill(batch, "city", Airport::city);
    fill(batch, "state", Airport::state);
    fill(batch, "country", Airport::country);
    Float8Vector latitudes = (Float8Vector) batch.getVector("latitude");
    Float8Vector longitudes = (Float8Vector) batch.getVector("longitude");
    IntVector flightTotals = (IntVector) batch.getVector("flights");
    BigIntVector minuteTotals = (BigIntVector) batch.getVector("minutes");
    for (int i = 0; i < airports.size(); i++) {
      latitudes.setSafe(i, airports.get(i).latitude());
      longitudes.setSafe(i, airports.get(i).longitude());
      flightTotals.setSafe(i, flights[i]);
      minuteTotals.setSafe(i, minutes[i]);
    }
    batch.setRowCount(airports.size());
    return batch;
  }

  private void fill(VectorSchemaRoot batch, String column, Function<Airport, String> text) {
    VarCharVector vector = (VarCharVector) batch.getVector(column);
    for (int i = 0; i < airports.size(); i++) {
      vector.setSafe(i, text.apply(airports.get(i)).getBytes(UTF_8));
    }
  }
}
