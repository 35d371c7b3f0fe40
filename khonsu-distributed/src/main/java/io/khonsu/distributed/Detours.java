package io.khonsu.distributed;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A transport that sends through a third node what has no way of its own, as far as the transport
 * below knows that. So a node which has lost its leader, but not all others, goes on with it.
 * Thread-safe.
 *
 * <p>One node is in between, never two: a node passes on only what comes from its origin. A frame
 * on a detour: {@value #MARK} in a byte, which begins no other frame, origin and goal in 8 bytes
 * each, big-endian, the frame.
 */
final class Detours implements Transport, Transport.Receiver {
  /*
   * Nobody says who reaches whom. So one of the others is tried, and kept as long as frames of the
   * goal arrive, and best if they arrive through it; after a while without any, the next one is.
   * The goal may as well be down: until something was heard of it, only small frames go, among them
   * the consensus' heartbeats, whose answers will be heard.
   */
  static final byte MARK = 'R';
  private static final int HEADER_BYTES = 1 + 2 * Long.BYTES;
  private static final int SMALL_BYTES = 512;

  /** So many frames are sent into the silence before something else is tried. */
  private static final int SILENCE_FRAMES = 64;

  private final Transport direct;
  private final long self;

  /** Nodes that were ever heard. */
  private final Set<Long> known = new ConcurrentSkipListSet<>();

  /** To nodes that had no way of their own. */
  private final Map<Long, Detour> detours = new ConcurrentHashMap<>();

  private volatile @Nullable Receiver receiver;

  Detours(Transport direct, long self) {
    this.direct = direct;
    this.self = self;
  }

  /** How to reach a node. */
  private static final class Detour {
    private final ReentrantLock lock = new ReentrantLock();
    private long via;
    private boolean leadsThere;
    private int silence = SILENCE_FRAMES;
    private int untried;

    /** {@return through whom to send, or 0} */
    private long next(List<Long> candidates, int sizeBytes) {
      lock.lock();
      try {
        boolean isSilent = silence >= SILENCE_FRAMES;
        if (candidates.isEmpty() || (isSilent && sizeBytes > SMALL_BYTES)) {
          return 0;
        }
        silence++;
        boolean isTried = !leadsThere && --untried < 0;
        if (!candidates.contains(via) || isSilent || isTried) {
          via = candidates.get((candidates.indexOf(via) + 1) % candidates.size());
          leadsThere = false;
          untried = SILENCE_FRAMES;
        }
        return via;
      } finally {
        lock.unlock();
      }
    }

    /** Notes that something came from there: through a node, or directly. */
    private void heard(long through) {
      lock.lock();
      try {
        silence = 0;
        if (through != 0) {
          via = through;
          leadsThere = true;
        }
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public void start(Receiver target) {
    receiver = target;
    direct.start(this);
  }

  @Override
  public boolean isCut(long node) {
    return direct.isCut(node);
  }

  @Override
  public void setPeer(long node, String address) {
    direct.setPeer(node, address);
  }

  @Override
  public void removePeer(long node) {
    direct.removePeer(node);
    known.remove(node);
    detours.remove(node);
  }

  @Override
  public void send(long node, byte[] frame) {
    if (!direct.isCut(node)) {
      direct.send(node, frame);
      return;
    }
    List<Long> candidates = new ArrayList<>();
    for (long other : known) {
      if (other != node && !direct.isCut(other)) {
        candidates.add(other);
      }
    }
    long via = detours.computeIfAbsent(node, _ -> new Detour()).next(candidates, frame.length);
    if (via == 0) {
      direct.send(node, frame); // which knows what to do with it
    } else {
      byte[] all = new byte[HEADER_BYTES + frame.length];
      ByteBuffer.wrap(all).put(MARK).putLong(self).putLong(node).put(frame);
      direct.send(via, all);
    }
  }

  @Override
  public boolean receive(long node, byte[] frame) {
    known.add(node);
    if (frame.length >= HEADER_BYTES && frame[0] == MARK) {
      ByteBuffer in = ByteBuffer.wrap(frame, 1, frame.length - 1);
      return receive(node, in.getLong(), in.getLong(), frame);
    }
    return deliver(node, 0, frame);
  }

  private boolean receive(long node, long origin, long goal, byte[] frame) {
    if (goal == self) {
      byte[] inner = new byte[frame.length - HEADER_BYTES];
      System.arraycopy(frame, HEADER_BYTES, inner, 0, inner.length);
      return deliver(origin, node, inner);
    }
    if (origin == node) {
      direct.send(goal, frame);
    }
    return true;
  }

  private boolean deliver(long origin, long through, byte[] frame) {
    Detour detour = detours.get(origin);
    if (detour != null) {
      detour.heard(through);
    }
    Receiver target = receiver;
    return target != null && target.receive(origin, frame);
  }

  @Override
  public void reconnected(long node) {
    known.add(node);
    Receiver target = receiver;
    if (target != null) {
      target.reconnected(node);
    }
  }

  @Override
  public void close() {
    direct.close();
  }
}
