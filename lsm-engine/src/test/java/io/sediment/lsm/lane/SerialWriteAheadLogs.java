package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The plainest correct write-ahead log on a store: one put at a time, no hedging, no spacing. The
 * objects and fences are real, so that a lane can be opened again on what it left behind.
 */
public final class SerialWriteAheadLogs implements WriteAheadLogs {
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final ObjectStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final long incarnation;
  private final long slotBytesMax;

  public SerialWriteAheadLogs(
      ObjectStore store,
      Scheduler scheduler,
      RandomGenerator random,
      long incarnation,
      long slotBytesMax) {
    this.store = store;
    this.scheduler = scheduler;
    this.random = random;
    this.incarnation = incarnation;
    this.slotBytesMax = slotBytesMax;
  }

  @Override
  public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
    return new Log(lane, epoch, listener);
  }

  private UUID newId() {
    return new UUID(random.nextLong(), random.nextLong());
  }

  private <T> CompletableFuture<T> patiently(Supplier<CompletableFuture<T>> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    attempt(call, result);
    return result;
  }

  private <T> void attempt(Supplier<CompletableFuture<T>> call, CompletableFuture<T> result) {
    call.get()
        .whenComplete(
            (value, failure) -> {
              if (failure == null) {
                result.complete(value);
              } else {
                scheduler.schedule(() -> attempt(call, result), PAUSE);
              }
            });
  }

  /** True when our object is at its key, false when somebody else's is. */
  private CompletableFuture<Boolean> putOurs(ObjectIdentity identity, ObjectBody body) {
    return patiently(
        () ->
            store
                .putIfAbsent(LaneKeys.of(identity), body)
                .thenCompose(
                    result ->
                        result instanceof PutResult.Created
                            ? CompletableFuture.completedFuture(true)
                            : new SortedObjectReader(store)
                                .readHeader(LaneKeys.of(identity))
                                .thenApply(found -> found.equals(Optional.of(identity)))));
  }

  // -- sealing -----------------------------------------------------------------------------------

  @Override
  public CompletableFuture<List<SortedObject>> seal(
      LaneId lane, WalSlot replayAfter, long newEpoch) {
    WalSlot first = replayAfter.epoch() == 0 ? new WalSlot(1, 1) : replayAfter.next();
    CompletableFuture<List<SortedObject>> result = new CompletableFuture<>();
    walk(lane, first, newEpoch, newId(), new ArrayList<>(), result);
    return result;
  }

  private void walk(
      LaneId lane,
      WalSlot slot,
      long newEpoch,
      UUID sealer,
      List<SortedObject> found,
      CompletableFuture<List<SortedObject>> result) {
    if (slot.epoch() >= newEpoch) {
      result.complete(found);
      return;
    }
    ObjectIdentity fence =
        new ObjectIdentity(
            SortedObjectKind.FENCE, incarnation, lane, slot.epoch(), slot.seq(), sealer);
    patiently(() -> new SortedObjectReader(store).readDescription(LaneKeys.of(fence)))
        .thenCompose(
            there -> {
              if (there.isPresent()) {
                return CompletableFuture.completedFuture(there.get());
              }
              return putOurs(fence, SortedObjectWriter.fence(fence).body())
                  .thenApply(ours -> ours ? SortedObjectWriter.fence(fence).description() : null);
            })
        .whenCompleteAsync(
            (object, failure) -> {
              if (failure != null) {
                result.completeExceptionally(failure);
              } else if (object == null) {
                walk(lane, slot, newEpoch, sealer, found, result); // something came in between
              } else if (object.identity().kind() == SortedObjectKind.FENCE) {
                walk(lane, new WalSlot(slot.epoch() + 1, 1), newEpoch, sealer, found, result);
              } else {
                found.add(object);
                walk(lane, slot.next(), newEpoch, sealer, found, result);
              }
            },
            scheduler);
  }

  // -- writing -----------------------------------------------------------------------------------

  private record Entry(
      PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {}

  private final class Log implements WriteAheadLog {
    private final LaneId lane;
    private final long epoch;
    private final Listener listener;
    private final UUID writerId = newId();
    private final ArrayDeque<List<Entry>> closed = new ArrayDeque<>(); // guarded by this
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private List<Entry> open = new ArrayList<>(); // guarded by this
    private long openBytes; // guarded by this
    private long lastClosedSeq; // guarded by this
    private long ackedSeq; // guarded by this
    private long unackedBytes; // guarded by this
    private boolean busy; // guarded by this: a put or an acknowledgement is under way
    private boolean wakeIsDue; // guarded by this
    private boolean closing; // guarded by this
    private @Nullable LaneHaltedException halted; // guarded by this
    private boolean haltTold; // guarded by this

    Log(LaneId lane, long epoch, Listener listener) {
      this.lane = lane;
      this.epoch = epoch;
      this.listener = listener;
    }

    @Override
    public synchronized WalSlot append(
        PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {
      if (halted != null || closing) {
        throw new LaneHaltedException("log is halted or closed: epoch=" + epoch);
      }
      if (openBytes > 0 && openBytes + batch.remaining() > slotBytesMax) {
        closeSlot();
      }
      slab.retain();
      open.add(new Entry(partition, slab, batch, producer));
      openBytes += batch.remaining();
      unackedBytes += batch.remaining();
      wake();
      return new WalSlot(epoch, lastClosedSeq + 1);
    }

    private void wake() {
      if (!wakeIsDue && !busy) {
        wakeIsDue = true;
        scheduler.execute(this::step);
      }
    }

    private void closeSlot() {
      if (!open.isEmpty()) {
        closed.addLast(open);
        open = new ArrayList<>();
        openBytes = 0;
        lastClosedSeq++;
      }
    }

    @Override
    public void hurry() {
      // It never waits for more.
    }

    @Override
    public synchronized WalSlot cut() {
      closeSlot();
      wake();
      return new WalSlot(epoch, lastClosedSeq);
    }

    @Override
    public synchronized long unackedBytes() {
      return unackedBytes;
    }

    @Override
    public CompletableFuture<Void> close() {
      synchronized (this) {
        closing = true;
        wake();
      }
      return drained;
    }

    @Override
    public synchronized void halt(LaneHaltedException cause) {
      if (halted == null && !drained.isDone()) {
        halted = cause;
        wake();
      }
    }

    /** Puts the next slot, or ends. Never two at once. */
    private void step() {
      List<Entry> slot;
      long seq;
      synchronized (this) {
        wakeIsDue = false;
        if (busy) {
          return;
        }
        if (halted != null) {
          end();
          return;
        }
        if (closed.isEmpty()) {
          closeSlot();
        }
        if (closed.isEmpty()) {
          if (closing) {
            scheduler.execute(() -> drained.complete(null));
          }
          return;
        }
        slot = closed.peekFirst();
        seq = ackedSeq + 1;
        busy = true;
      }
      ObjectIdentity identity =
          new ObjectIdentity(SortedObjectKind.WAL, incarnation, lane, epoch, seq, writerId);
      putOurs(identity, encode(slot, identity).body())
          .whenComplete((ours, failure) -> scheduler.execute(() -> settle(slot, seq, ours)));
    }

    private void settle(List<Entry> slot, long seq, @Nullable Boolean ours) {
      boolean acked;
      synchronized (this) {
        acked = Boolean.TRUE.equals(ours) && halted == null;
        if (acked) {
          closed.removeFirst();
          ackedSeq = seq;
          release(slot);
        } else if (halted == null) {
          halted = new LaneHaltedException("fenced at slot " + epoch + "/" + seq);
        }
      }
      if (acked) {
        listener.onAcked(new WalSlot(epoch, seq));
      }
      synchronized (this) {
        busy = false;
        wake();
      }
    }

    /** Tells the end once; what was not acknowledged is let go. */
    private void end() {
      LaneHaltedException cause = halted;
      if (haltTold || cause == null) {
        return;
      }
      haltTold = true;
      closeSlot();
      closed.forEach(this::release);
      closed.clear();
      scheduler.execute(
          () -> {
            listener.onHalted(cause);
            drained.completeExceptionally(cause);
          });
    }

    private void release(List<Entry> slot) {
      for (Entry entry : slot) {
        unackedBytes -= entry.batch().remaining();
        entry.slab().release();
      }
    }
  }

  private static EncodedObject encode(List<Entry> slot, ObjectIdentity identity) {
    Map<PartitionId, List<Entry>> byPartition = new TreeMap<>();
    for (Entry entry : slot) {
      byPartition.computeIfAbsent(entry.partition(), none -> new ArrayList<>()).add(entry);
    }
    SortedObjectWriter writer = new SortedObjectWriter(identity, SortedObjectOptions.DEFAULT);
    byPartition.forEach(
        (partition, entries) -> {
          writer.beginSection(partition);
          ProducerStates changes = ProducerStates.of(List.of());
          for (Entry entry : entries) {
            writer.add(entry.batch());
            if (entry.producer() != null) {
              changes.apply(entry.producer());
            }
          }
          writer.producers(changes.snapshot());
        });
    return writer.finish();
  }
}
