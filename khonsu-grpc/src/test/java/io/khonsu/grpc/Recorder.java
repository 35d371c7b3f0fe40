package io.khonsu.grpc;

import io.khonsu.distributed.Transport;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps what arrives. */
final class Recorder implements Transport.Receiver {
  /** Something that was told, in the order of telling: a frame, or null for a new session. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Told(long node, byte @Nullable [] frame) {}

  private final List<Told> told = new ArrayList<>();
  private boolean isWaiting;

  @Override
  public synchronized boolean receive(long node, byte[] frame) {
    told.add(new Told(node, frame));
    isWaiting = true;
    return true;
  }

  @Override
  public synchronized void received() {
    isWaiting = false;
  }

  @Override
  public synchronized void reconnected(long node) {
    told.add(new Told(node, null));
  }

  synchronized List<byte[]> frames() {
    List<byte[]> frames = new ArrayList<>();
    for (Told each : told) {
      byte[] frame = each.frame();
      if (frame != null) {
        frames.add(frame);
      }
    }
    return frames;
  }

  /** {@return whether all frames could be worked on} */
  synchronized boolean hasWorkedOnAll() {
    return !isWaiting;
  }

  synchronized List<Told> told() {
    return List.copyOf(told);
  }

  synchronized long reconnections(long node) {
    return told.stream().filter(each -> each.frame() == null && each.node() == node).count();
  }
}
