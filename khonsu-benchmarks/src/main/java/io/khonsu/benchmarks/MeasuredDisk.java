package io.khonsu.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The option of a command that measures a disk. */
final class MeasuredDisk {
  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "On the disk to measure (the directory for temporary files).")
  private Path directory = Path.of(System.getProperty("java.io.tmpdir"));

  Path directory() {
    return directory;
  }

  /** Refuses a directory that nothing can be written to. */
  void check(CommandSpec spec) {
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      throw new ParameterException(
          spec.commandLine(), "cannot write to the directory " + directory);
    }
  }

  /** Says what the machine and the disk are; {@return the kind of file system} */
  String introduce(PrintWriter out) throws IOException {
    String type = Files.getFileStore(directory).type();
    out.println(Machine.line() + ", disk " + type);
    if (type.equals("tmpfs")) {
      out.println("tmpfs is memory: name a directory on a disk with --dir");
    }
    return type;
  }
}
