package io.khonsu.benchmarks;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench backup}: commits beside a base backup, verifying, restoring. */
@Command(
    name = BackupCommand.NAME,
    description =
        "Measures commits beside a base backup, and how fast it is verified and restored.",
    mixinStandardHelpOptions = true)
final class BackupCommand implements Callable<Integer> {
  static final String NAME = "backup";

  private static final int MEGABYTES_MAX = 1_000_000;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ResultFiles files = new ResultFiles();

  @Option(names = "--quick", description = "A small store: shows that it works, not how fast.")
  private boolean quick;

  @Mixin private MeasuredDisk disk = new MeasuredDisk();

  @Option(names = "--megabytes", description = "Size of the store (1000, with --quick 50).")
  private @Nullable Integer megabytes;

  @Override
  public Integer call() throws Exception {
    int size = megabytes == null ? (quick ? 50 : 1_000) : megabytes;
    if (size < 1 || size > MEGABYTES_MAX) {
      throw new ParameterException(
          spec.commandLine(), "megabytes must be from 1 to " + MEGABYTES_MAX + ", but is " + size);
    }
    disk.check(spec);
    files.checkWithoutChart(spec, NAME);
    PrintWriter out = spec.commandLine().getOut();
    var _ = disk.introduce(out);
    out.flush();
    BackupFigures figures = measure(size);
    figures.lines().forEach(out::println);
    out.println(figures.verdict().line());
    out.flush();
    files.writeJson(figures.values());
    files.writeMarkdown(NAME, String.join(".  \n", figures.lines()) + ".\n");
    return 0;
  }

  private BackupFigures measure(int size) throws Exception {
    Path scratch = Files.createTempDirectory(disk.directory(), "khonsu-bench-backup");
    try {
      return new BackupBenchmark(size, quick ? 1_000 : 10_000, scratch).run();
    } finally {
      Directories.delete(scratch);
    }
  }
}
