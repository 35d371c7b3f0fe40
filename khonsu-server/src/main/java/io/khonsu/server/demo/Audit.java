package io.khonsu.server.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.khonsu.ReadView;
import io.khonsu.RecordBatch;
import io.khonsu.Scan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.VarCharVector;

/**
 * What one snapshot says: the totals that the airports keep, against a columnar scan of the flights
 * that they are totals of.
 *
 * @param version of the snapshot
 * @param flights rows scanned
 * @param flightMinutes the sum of all flights' delays
 * @param airportMinutes the sum of all airports' totals
 * @param wrongAirports airports whose totals are not those of their flights
 * @param scanNanos how long the scan of the flights took
 */
public record Audit(
    long version,
    long flights,
    long flightMinutes,
    long airportMinutes,
    int wrongAirports,
    long scanNanos) {

  /** Flights and their minutes at one airport. */
  private static final class Total {
    private long flights;
    private long minutes;
  }

  /** {@return the audit of a snapshot} */
  static Audit of(ReadView view, FlightTables tables) {
    long start = System.nanoTime();
    Map<String, Total> totals = new HashMap<>();
    long flights = 0;
    long flightMinutes = 0;
    for (RecordBatch batch : view.scan(tables.flights(), Scan.all().columns("delay", "airport"))) {
      SmallIntVector delays = (SmallIntVector) batch.vector("delay");
      VarCharVector homes = (VarCharVector) batch.vector("airport");
      for (int i = 0; i < batch.rowCount(); i++) {
        Total total = totals.computeIfAbsent(new String(homes.get(i), UTF_8), _ -> new Total());
        total.flights++;
        total.minutes += delays.get(i);
        flightMinutes += delays.get(i);
      }
      flights += batch.rowCount();
    }
    long scanNanos = System.nanoTime() - start;
    int wrong = 0;
    long airportMinutes = 0;
    Scan scan = Scan.all().columns("iata", "flights", "minutes");
    for (RecordBatch batch : view.scan(tables.airports(), scan)) {
      VarCharVector codes = (VarCharVector) batch.vector("iata");
      IntVector counts = (IntVector) batch.vector("flights");
      BigIntVector minutes = (BigIntVector) batch.vector("minutes");
      for (int i = 0; i < batch.rowCount(); i++) {
        Total total = totals.remove(new String(codes.get(i), UTF_8));
        long expectedFlights = total == null ? 0 : total.flights;
        long expectedMinutes = total == null ? 0 : total.minutes;
        wrong += counts.get(i) == expectedFlights && minutes.get(i) == expectedMinutes ? 0 : 1;
        airportMinutes += minutes.get(i);
      }
    }
    wrong += totals.size();
    return new Audit(view.version(), flights, flightMinutes, airportMinutes, wrong, scanNanos);
  }

  /** {@return the minutes of every airport, in the order of their codes} */
  static List<Long> minutes(ReadView view, FlightTables tables) {
    List<Long> all = new ArrayList<>(tables.codes().size());
    for (RecordBatch batch : view.scan(tables.airports(), Scan.all().columns("minutes"))) {
      BigIntVector minutes = (BigIntVector) batch.vector("minutes");
      for (int i = 0; i < batch.rowCount(); i++) {
        all.add(minutes.get(i));
      }
    }
    return all;
  }
}
