package io.khonsu.server.torture;

import io.khonsu.server.node.SystemCommand;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file system of its own, in a file, that loses its power and gets full. Needs Linux, root, loop
 * devices and the programs {@code mkfs}, {@code xfs_io} and {@code fallocate}. Thread-safe; close
 * it, which unmounts it.
 */
public final class LoopDisk implements AutoCloseable {
  /** What it needs, the end of a sentence. */
  static final String NEEDS =
      "Linux, root, loop devices, mkfs.ext4 (package e2fsprogs), xfs_io (package xfsprogs), mount"
          + " and fallocate (package util-linux)";

  /** What the system says when there is no room. */
  static final String FULL = "No space left on device";

  private static final String BALLAST = "ballast";
  private static final int BLOCK_BYTES = 4_096;
  private static final long PIECE_BYTES_LEAST = 1L << 20;

  private final Path image;
  private final Path mountPoint;
  private boolean isMounted;
  private boolean isClosed;
  private final Leftovers.Leftover leftover = this::unmountAll;

  private LoopDisk(Path image, Path mountPoint) {
    this.image = image;
    this.mountPoint = mountPoint;
  }

  /**
   * Makes a file system, empty, and mounts it.
   *
   * @param image the file, which must not be there; takes as much of the disk as is used of it
   * @param mountPoint made if it is not there
   * @param fileSystem such as ext4 or xfs
   * @throws IOException if this machine or user cannot do that; nothing is mounted then
   */
  public static LoopDisk make(Path image, Path mountPoint, String fileSystem, long sizeBytes)
      throws IOException, InterruptedException {
    try (RandomAccessFile file = new RandomAccessFile(Files.createFile(image).toFile(), "rw")) {
      file.setLength(sizeBytes);
    }
    SystemCommand.run("mkfs." + fileSystem, "-q", image);
    Files.createDirectories(mountPoint);
    LoopDisk disk = new LoopDisk(image, mountPoint);
    boolean isMade = false;
    Leftovers.add(disk.leftover);
    try {
      disk.mount();
      Files.deleteIfExists(mountPoint.resolve("lost+found")); // of ext4
      isMade = true;
      return disk;
    } finally {
      if (!isMade) {
        disk.close();
      }
    }
  }

  /** Whoever closes it meanwhile waits for that, and unmounts it then. */
  private synchronized void mount() throws IOException, InterruptedException {
    checkOpen();
    try {
      SystemCommand.run("mount", "-o", "loop", image, mountPoint);
    } finally {
      isMounted = isMountPoint(); // it may be also if the program was stopped
    }
  }

  private boolean isMountPoint() throws IOException {
    return !Files.getFileStore(mountPoint).equals(Files.getFileStore(mountPoint.resolve("..")));
  }

  /**
   * Cuts the power: what was not synced is lost, and nothing can be read or written any more.
   *
   * <p>Meanwhile Linux may say of a sync under way that it has succeeded when it has not, as no
   * power failure does. So whoever would be told of that must stand still, or have ended.
   */
  public synchronized void cutPower() throws IOException, InterruptedException {
    checkOpen();
    SystemCommand.run("xfs_io", "-x", "-c", "shutdown", mountPoint);
  }

  /** Comes back with what it has; nobody may have a file of it open. */
  public synchronized void restorePower() throws IOException, InterruptedException {
    checkOpen();
    SystemCommand.run("umount", mountPoint);
    isMounted = false;
    mount();
  }

  /**
   * Leaves no room, until {@link #makeRoom}. Called again, it takes what has become free meanwhile.
   */
  synchronized void fill() throws IOException, InterruptedException {
    checkOpen();
    Path ballast = mountPoint.resolve(BALLAST);
    if (!Files.exists(ballast)) {
      allocate(ballast);
    }
    try (FileChannel file =
        FileChannel.open(ballast, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      ByteBuffer zeros = ByteBuffer.allocate(BLOCK_BYTES);
      while (true) {
        var _ = file.write(zeros.clear());
      }
    } catch (IOException e) {
      rethrowUnlessFull(e);
    }
  }

  /** Takes most of what is free, without writing it. */
  private void allocate(Path file) throws IOException, InterruptedException {
    long sizeBytes = 0;
    long pieceBytes = Long.highestOneBit(Files.getFileStore(mountPoint).getUnallocatedSpace());
    while (pieceBytes >= PIECE_BYTES_LEAST) {
      try {
        SystemCommand.run("fallocate", "-o", sizeBytes, "-l", pieceBytes, file);
        sizeBytes += pieceBytes;
      } catch (IOException e) {
        rethrowUnlessFull(e);
        pieceBytes /= 2;
      }
    }
  }

  private static void rethrowUnlessFull(IOException e) throws IOException {
    if (!String.valueOf(e.getMessage()).contains(FULL)) {
      throw e;
    }
  }

  /** Takes back what {@link #fill} did. */
  synchronized void makeRoom() throws IOException {
    checkOpen();
    Files.deleteIfExists(mountPoint.resolve(BALLAST));
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("the disk at %s was closed".formatted(mountPoint));
    }
  }

  /**
   * Unmounts it; the image stays. Closing twice does nothing.
   *
   * @throws IOException if somebody still has a file of it open: it goes when they have closed it
   */
  @Override
  public void close() throws IOException {
    Leftovers.end(leftover);
  }

  private synchronized void unmountAll() throws IOException {
    isClosed = true;
    if (!isMounted) {
      return;
    }
    isMounted = false;
    try {
      unmount();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("unmounting %s was interrupted: unmount it".formatted(mountPoint), e);
    }
  }

  private void unmount() throws IOException, InterruptedException {
    try {
      SystemCommand.run("umount", mountPoint);
    } catch (IOException e) {
      SystemCommand.run("umount", "-l", mountPoint);
      throw e;
    }
  }
}
