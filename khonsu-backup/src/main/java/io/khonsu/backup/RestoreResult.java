package io.khonsu.backup;

import java.nio.file.Path;

/**
 * A store that was restored. Opened, and archived again, it is a new timeline.
 *
 * @param directory where it is, to be opened
 * @param version the newest transaction in it
 * @param transactions how many were applied to the base
 * @param plan how it was made
 */
public record RestoreResult(Path directory, long version, long transactions, RestorePlan plan) {}
