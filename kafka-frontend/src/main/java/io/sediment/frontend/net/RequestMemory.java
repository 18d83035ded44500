package io.sediment.frontend.net;

import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The request bytes of all connections that have arrived and are not consumed, against what the
 * memory budget reserves for requests. Bytes that are here already are never refused; while there
 * are more than that, connections that bring more stop reading, and go on when there are fewer.
 *
 * <p>Frames that arrived whole are consumed sooner or later, whatever else waits: what they wait
 * for, the log's memory, is another share. Partial frames are not, and could fill the memory and
 * all wait for each other. So where whole frames alone would leave room, one connection at a time
 * is <em>favoured</em>: it reads on to the end of its frame. A frame larger than all request memory
 * gets in by this, too.
 *
 * <p>Thread-safe. The budget is charged in steps, since requests come more often than it likes.
 */
final class RequestMemory {
  /** A connection that has stopped reading. Called once, on any thread, and must be short. */
  interface Waiter {
    /** There is room again. */
    void onRoom();

    /** This one may read on nonetheless, until it calls {@link #endFavour}. */
    void onFavour();
  }

  /**
   * @param isInFrame whether it has a part of a frame, which takes memory until all of it is there
   */
  private record Stopped(Waiter waiter, boolean isInFrame) {}

  private static final int STEPS = 64;
  private static final long STEP_BYTES_MIN = 4 << 10;

  private final MemoryBudget budget;
  private final long limitBytes;
  private final long stepBytes;
  private final ArrayDeque<Stopped> waiting = new ArrayDeque<>(); // guarded by this
  private long usedBytes; // guarded by this
  private long wholeBytes; // guarded by this: of frames that arrived whole
  private long chargedBytes; // guarded by this: to the budget
  private boolean someoneIsFavoured; // guarded by this

  RequestMemory(MemoryBudget budget) {
    this.budget = budget;
    this.limitBytes = budget.reservedBytes(Share.REQUESTS);
    this.stepBytes = Math.max(STEP_BYTES_MIN, limitBytes / STEPS);
  }

  long limitBytes() {
    return limitBytes;
  }

  synchronized long usedBytes() {
    return usedBytes;
  }

  /** Bytes have arrived; false asks the caller to stop reading. */
  synchronized boolean arrived(int bytes) {
    usedBytes += bytes;
    long charge = Math.min(limitBytes, (usedBytes + stepBytes - 1) / stepBytes * stepBytes);
    if (charge > chargedBytes && budget.tryReserve(Share.REQUESTS, charge - chargedBytes)) {
      chargedBytes = charge;
    }
    return usedBytes <= chargedBytes;
  }

  /** So many of the bytes that have arrived are a whole frame. */
  synchronized void becameFrame(int bytes) {
    wholeBytes += bytes;
  }

  void releaseFrame(int bytes) {
    release(bytes, bytes);
  }

  /** Of a frame that will never be whole. */
  void releasePartial(int bytes) {
    release(bytes, 0);
  }

  private void release(int bytes, int ofWholeFrames) {
    long back = 0;
    synchronized (this) {
      if (bytes > usedBytes || ofWholeFrames > wholeBytes) {
        throw new IllegalStateException("request memory: released " + bytes + " of " + usedBytes);
      }
      usedBytes -= bytes;
      wholeBytes -= ofWholeFrames;
      long idle = chargedBytes - usedBytes;
      if (idle > 2 * stepBytes || usedBytes == 0) {
        back = usedBytes == 0 ? idle : idle - stepBytes;
        chargedBytes -= back;
      }
    }
    if (back > 0) {
      budget.release(Share.REQUESTS, back);
    }
    letWaitersGo();
  }

  /** For a connection that was told to stop; maybe answered at once. */
  void await(Waiter waiter, boolean isInFrame) {
    synchronized (this) {
      waiting.add(new Stopped(waiter, isInFrame));
    }
    letWaitersGo();
  }

  /** The frame is whole, or its connection has ended. */
  void endFavour() {
    synchronized (this) {
      someoneIsFavoured = false;
    }
    letWaitersGo();
  }

  private void letWaitersGo() {
    List<Stopped> free = List.of();
    @Nullable Stopped favoured = null;
    synchronized (this) {
      if (waiting.isEmpty()) {
        return;
      }
      if (usedBytes <= limitBytes) {
        free = new ArrayList<>(waiting);
        waiting.clear();
      } else if (!someoneIsFavoured && wholeBytes < limitBytes) {
        favoured = firstInFrame();
        someoneIsFavoured = favoured != null;
      }
    }
    free.forEach(each -> each.waiter().onRoom());
    if (favoured != null) {
      favoured.waiter().onFavour();
    }
  }

  private @Nullable Stopped firstInFrame() { // under the lock
    for (Iterator<Stopped> all = waiting.iterator(); all.hasNext(); ) {
      Stopped each = all.next();
      if (each.isInFrame()) {
        all.remove();
        return each;
      }
    }
    return null;
  }
}
