package io.khonsu.server.demo;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What the demo is asked to do.
 *
 * @param flights the Arrow file of flights
 * @param airports the CSV file of airports
 * @param duration how long transactions run
 * @param threads how many threads run them
 * @param seed of what the transactions choose
 */
public record DemoSettings(
    Path flights, Path airports, Duration duration, int threads, long seed) {}
