package io.khonsu.distributed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
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
 * <p>One node is in between, never two: a node passes on only what comes from its origin, and for
 * whom it has a way itself. A frame on a detour: {@value #MARK} in a byte, which begins no other
 * frame, origin and goal in 8 bytes each, big-endian, the frame. The answer of a node without a
 * way: {@value #NO_WAY} in a byte, which begins no other frame either, and the goal.
 *
 * <p>Who passes a frame on is believed about its origin; whether that is one that would be let in,
 * the goal decides itself.
 */
final class Detours implements Transport, Transport.Receiver {
  /*
   * One of the others is tried, and kept until it says that it has no way, or nothing was heard of
   * the goal for a while: where the goal's own frames come through says nothing about the other
   * direction. The goal may as well be down: until something was heard of it, only small frames go,
   * among them the consensus' heartbeats, whose answers will be heard.
   */
  static final byte MARK = 'R';
  static final byte NO_WAY = 'N';
  private static final int HEADER_BYTES = 1 + 2 * Long.BYTES;
  private static final int NO_WAY_BYTES = 1 + Long.BYTES;
  private static final int SMALL_BYTES = 512;

  /** For so long nothing is heard before something else is tried: several heartbeats. */
  static final int SILENCE_TICKS = 100;

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

    /** Who said that it has no way. */
    @GuardedBy("lock")
    private final Set<Long> deadEnds = new HashSet<>();

    @GuardedBy("lock")
    private long via;

    @GuardedBy("lock")
    private int silentTicks = SILENCE_TICKS;

    /** {@return through whom to send, or 0} */
    private long next(List<Long> candidates, int sizeBytes) {
      lock.lock();
      try {
        if (candidates.isEmpty() || (isSilent() && sizeBytes > SMALL_BYTES)) {
          return 0;
        }
        if (isSilent() || deadEnds.contains(via) || !candidates.contains(via)) {
          via = another(candidates);
        }
        return via;
      } finally {
        lock.unlock();
      }
    }

    @GuardedBy("lock")
    private boolean isSilent() {
      return silentTicks >= SILENCE_TICKS;
    }

    @GuardedBy("lock")
    private long another(List<Long> candidates) {
      if (deadEnds.containsAll(candidates)) {
        deadEnds.clear(); // one of them may have a way by now
      }
      List<Long> open = new ArrayList<>(candidates);
      open.removeAll(deadEnds);
      long former = via;
      return open.stream().filter(node -> node > former).findFirst().orElse(open.getFirst());
    }

    /** Notes that something came from there: through a node, or, with 0, directly. */
    private void heard(long through) {
      lock.lock();
      try {
        if (through != 0 && isSilent() && !deadEnds.contains(through)) {
          via = through;
        }
        silentTicks = 0;
      } finally {
        lock.unlock();
      }
    }

    private void noWay(long through) {
      lock.lock();
      try {
        deadEnds.add(through);
      } finally {
        lock.unlock();
      }
    }

    private void tick() {
      lock.lock();
      try {
        silentTicks = Math.min(silentTicks + 1, SILENCE_TICKS);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Lets a tick pass. */
  void tick() {
    detours.values().forEach(Detour::tick);
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
  public boolean isPeer(long node) {
    return direct.isPeer(node);
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
    if (frame.length == NO_WAY_BYTES && frame[0] == NO_WAY) {
      Detour detour = detours.get(ByteBuffer.wrap(frame, 1, Long.BYTES).getLong());
      if (detour != null) {
        detour.noWay(node);
      }
      return true;
    }
    return deliver(node, 0, frame);
  }

  private boolean receive(long node, long origin, long goal, byte[] frame) {
    if (goal == self) {
      byte[] inner = new byte[frame.length - HEADER_BYTES];
      System.arraycopy(frame, HEADER_BYTES, inner, 0, inner.length);
      return !direct.isPeer(origin) || deliver(origin, node, inner);
    }
    if (origin != node) {
      return true;
    }
    if (direct.isCut(goal)) {
      byte[] answer = new byte[NO_WAY_BYTES];
      ByteBuffer.wrap(answer).put(NO_WAY).putLong(goal);
      direct.send(node, answer);
    } else {
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
  public void received() {
    Receiver target = receiver;
    if (target != null) {
      target.received();
    }
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
