package io.sediment.wal;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObjectKind;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One epoch of a lane's log, open for appending.
 *
 * <p>A slot is <em>open</em> (takes batches), then <em>closed</em> (full or cut, waiting for a
 * flight), <em>started</em> (being built and put, several at once) and <em>confirmed</em>; it is
 * acknowledged when it is the oldest and confirmed. Seqs are given when slots are opened, and slots
 * are started in that order, so they are dense. The lock covers only moves between these states:
 * sorting, checksums, puts and the listener all happen outside it.
 *
 * <p>Whoever finds something to acknowledge becomes the drainer until there is nothing left, so the
 * listener hears one call at a time and in order, whichever threads the store answers on.
 */
final class WalWriter implements WriteAheadLog {
  private static final Logger log = LoggerFactory.getLogger(WalWriter.class);

  private final WalEnvironment environment;
  private final LaneId lane;
  private final long epoch;
  private final long incarnation;
  private final UUID writerId;
  private final FlushPolicy policy;
  private final PutHistory history;
  private final Listener listener;
  private final AtomicLong unackedBytes = new AtomicLong();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  private final Object lock = new Object();

  // All below guarded by lock.
  private @Nullable Slot open;
  private final ArrayDeque<Slot> waiting = new ArrayDeque<>(); // closed, not started
  private final ArrayDeque<Slot> started = new ArrayDeque<>(); // not acknowledged
  private long lastClosedSeq;
  private int inFlight; // started, not confirmed
  private boolean everStarted;
  private long lastStartNanos;
  private long spacingNanos;
  private boolean flushQueued; // a task will look whether to start a flush, soon
  private boolean flushTimed; // or once spacing has passed
  private boolean closing; // nothing may be appended
  private boolean finished; // closed, and all acknowledged
  private @Nullable LaneHaltedException halted;
  private boolean draining;
  private boolean haltTold;

  WalWriter(
      WalEnvironment environment,
      WalProfile profile,
      long incarnation,
      LaneId lane,
      long epoch,
      UUID writerId,
      Listener listener) {
    this.environment = environment;
    this.lane = lane;
    this.epoch = epoch;
    this.incarnation = incarnation;
    this.writerId = writerId;
    this.policy = new FlushPolicy(profile);
    this.history = new PutHistory(profile.hedging());
    this.listener = listener;
    this.spacingNanos = policy.firstSpacingNanos();
  }

  @Override
  public WalSlot append(
      PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {
    int size = batch.remaining();
    synchronized (lock) {
      if (halted != null) {
        throw new LaneHaltedException("log has halted: lane=" + lane + " epoch=" + epoch, halted);
      }
      if (closing) {
        throw new LaneHaltedException("log is closed: lane=" + lane + " epoch=" + epoch);
      }
      Slot slot = open;
      if (slot != null && !policy.fits(slot.bytes(), size)) {
        closeOpen(slot);
        slot = null;
      }
      if (slot == null) {
        slot = new Slot(new WalSlot(epoch, lastClosedSeq + 1), environment.ticker().nanoTime());
        open = slot;
      }
      slot.add(partition, slab, batch, producer);
      unackedBytes.addAndGet(size);
      planFlush();
      return slot.id();
    }
  }

  @Override
  public void hurry() {
    synchronized (lock) {
      Slot slot = open;
      if (slot == null || slot.isUrgent()) {
        return;
      }
      slot.hurry();
      long nanos = nanosUntilStart();
      if (nanos == 0) {
        planFlush();
      } else if (nanos != FlushPolicy.WHEN_SOMETHING_CHANGES) {
        // Beside the timer that may be set: that one keeps to the spacing.
        environment.scheduler().schedule(this::flush, Duration.ofNanos(nanos));
      }
    }
  }

  @Override
  public WalSlot cut() {
    synchronized (lock) {
      if (open != null) {
        closeOpen(open);
        planFlush();
      }
      return new WalSlot(epoch, lastClosedSeq);
    }
  }

  @Override
  public long unackedBytes() {
    return unackedBytes.get();
  }

  @Override
  public CompletableFuture<Void> close() {
    synchronized (lock) {
      closing = true;
      if (open != null) {
        closeOpen(open);
        planFlush();
      }
    }
    drain(); // completes the future where nothing is left to wait for
    return closed;
  }

  @Override
  public void halt(LaneHaltedException cause) {
    List<SlotPut> onTheirWay = new ArrayList<>();
    List<Slot> neverStarted;
    synchronized (lock) {
      if (halted != null || finished) {
        return;
      }
      halted = cause;
      for (Slot slot : started) {
        SlotPut put = slot.put();
        if (put != null) {
          onTheirWay.add(put);
        } // else it is being built; send() finds the log halted
      }
      if (open != null) {
        closeOpen(open); // so that a cut from now on names a slot that is never acknowledged
      }
      neverStarted = new ArrayList<>(waiting);
      waiting.clear();
    }
    log.warn("wal halted: lane={} epoch={} cause={}", lane, epoch, cause.getMessage());
    environment.metrics().halted();
    onTheirWay.forEach(SlotPut::abandon);
    neverStarted.forEach(Slot::releaseSlabs);
    drain();
  }

  // -- from open to started ---------------------------------------------------------------------

  /** Caller holds the lock. */
  private void closeOpen(Slot slot) {
    waiting.add(slot);
    lastClosedSeq = slot.id().seq();
    open = null;
  }

  /** Sees to it that a flush starts when the policy wants it. Caller holds the lock. */
  private void planFlush() {
    if (flushQueued) {
      return;
    }
    long nanos = nanosUntilStart();
    if (nanos == 0) {
      flushQueued = true;
      environment.scheduler().execute(this::flush);
    } else if (nanos != FlushPolicy.WHEN_SOMETHING_CHANGES && !flushTimed) {
      flushTimed = true;
      environment.scheduler().schedule(this::flushWhenSpaced, Duration.ofNanos(nanos));
    }
  }

  /** Caller holds the lock. */
  private long nanosUntilStart() {
    Slot next = waiting.isEmpty() ? open : waiting.peek();
    if (next == null || halted != null) {
      return FlushPolicy.WHEN_SOMETHING_CHANGES;
    }
    boolean full = next != open || policy.isFull(next.bytes());
    long now = environment.ticker().nanoTime();
    return policy.nanosUntilStart(
        next.bytes(),
        full,
        inFlight,
        now - next.openedNanos(),
        everStarted ? now - lastStartNanos : Long.MAX_VALUE,
        next.isUrgent() ? 0 : spacingNanos);
  }

  private void flushWhenSpaced() {
    synchronized (lock) {
      flushTimed = false;
    }
    flush();
  }

  private void flush() {
    Slot slot;
    int nowInFlight;
    synchronized (lock) {
      flushQueued = false;
      if (nanosUntilStart() != 0) {
        planFlush();
        return;
      }
      if (waiting.isEmpty() && open != null) {
        closeOpen(open);
      }
      slot = waiting.remove();
      started.add(slot);
      inFlight++;
      nowInFlight = inFlight;
      everStarted = true;
      lastStartNanos = environment.ticker().nanoTime();
      slot.started(lastStartNanos, started.element().id().seq() - 1);
      planFlush(); // the next one, on another thread
    }
    environment.metrics().inFlight(nowInFlight);
    send(slot);
  }

  private void send(Slot slot) {
    ObjectIdentity identity =
        new ObjectIdentity(
            SortedObjectKind.WAL, incarnation, lane, epoch, slot.id().seq(), writerId);
    EncodedObject built;
    try {
      built = slot.build(identity);
    } catch (RuntimeException | Error e) {
      halt(new LaneHaltedException("cannot build wal object: " + identity, e));
      slot.releaseSlabs();
      return;
    }
    SlotPut put = new SlotPut(environment, history, identity, built.body(), new SlotProgress(slot));
    long objectBytes = built.body().length();
    long footerBytes = objectBytes - slot.bytes();
    boolean abandoned;
    synchronized (lock) {
      spacingNanos = policy.spacingNanosAfter(spacingNanos, footerBytes, objectBytes);
      abandoned = halted != null;
      if (!abandoned) {
        slot.setPut(put);
      }
    }
    if (abandoned) {
      slot.releaseSlabs();
      return;
    }
    environment.metrics().flushed(slot.batches(), objectBytes, footerBytes);
    put.start();
  }

  /** What becomes of a started slot's put. */
  private final class SlotProgress implements SlotPut.Listener {
    private final Slot slot;

    SlotProgress(Slot slot) {
      this.slot = slot;
    }

    @Override
    public void onConfirmed() {
      int nowInFlight;
      synchronized (lock) {
        if (halted != null) {
          return;
        }
        slot.confirmed(environment.ticker().nanoTime());
        inFlight--;
        nowInFlight = inFlight;
        planFlush();
      }
      environment.metrics().inFlight(nowInFlight);
      drain();
    }

    @Override
    public void onLost(LaneHaltedException cause) {
      halt(cause);
    }

    @Override
    public void onEnded() {
      slot.releaseSlabs();
    }
  }

  // -- from confirmed to acknowledged -----------------------------------------------------------

  private void drain() {
    synchronized (lock) {
      if (draining) {
        return; // the drainer looks again before it leaves
      }
      draining = true;
    }
    boolean more = true;
    while (more) {
      more = drainOne();
    }
  }

  /** Tells the listener one thing, if there is one to tell; otherwise ends the draining. */
  private boolean drainOne() {
    Slot acked = null;
    LaneHaltedException cause = null;
    boolean nowFinished = false;
    synchronized (lock) {
      Slot oldest = started.peek();
      if (oldest != null && oldest.isConfirmed()) {
        acked = started.remove();
      } else if (halted != null && !haltTold) {
        haltTold = true;
        cause = halted;
      } else {
        draining = false;
        nowFinished = closing && halted == null && waiting.isEmpty() && started.isEmpty();
        finished |= nowFinished;
      }
    }
    if (acked != null) {
      tellAcked(acked);
      return true;
    }
    if (cause != null) {
      tellHalted(cause);
      return true;
    }
    if (nowFinished) {
      closed.complete(null);
    }
    return false;
  }

  private void tellAcked(Slot slot) {
    unackedBytes.addAndGet(-slot.bytes());
    try {
      listener.onAcked(slot.id());
    } catch (RuntimeException | Error e) {
      log.error("wal listener failed: lane={} slot={}", lane, slot.id(), e);
      halt(new LaneHaltedException("wal listener failed at slot " + slot.id(), e));
    }
    slot.report(environment.metrics(), environment.ticker().nanoTime());
  }

  private void tellHalted(LaneHaltedException cause) {
    try {
      listener.onHalted(cause);
    } catch (RuntimeException | Error e) {
      log.error("wal listener failed: lane={} epoch={} on halt", lane, epoch, e);
    }
    closed.completeExceptionally(cause);
  }
}
