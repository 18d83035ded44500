package io.sediment.wal;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the epochs before ours, once, in one walk over the slots: {@link #seal} may be called
 * once.
 *
 * <p>Epoch after epoch, slot after slot: an object is part of the log, a fence ends the epoch, and
 * where nothing is, a fence is put if the slot is still absent. Whatever the answer to that put is,
 * other than success, the slot is simply looked at again: it then holds our fence, another
 * sealer's, or an object that arrived late, and each of them is a case of the walk. Nothing is ever
 * listed.
 *
 * <p>Objects say up to which slot their writer had acknowledged. Where one beyond a gap says so of
 * the slot at the gap, that slot is lost, and there is no end of the log to be found: the seal
 * fails rather than pass off what is left for all there was.
 *
 * <p>Several slots ahead are read at once. A read that came too early cannot mislead: where it says
 * absent, the conditional put has the last word; where it says present, objects beyond the replay
 * point are not deleted while the manifest carries our epoch.
 *
 * <p>One step runs at a time, on the scheduler.
 */
final class WalSealer {
  private static final Logger log = LoggerFactory.getLogger(WalSealer.class);

  /** So far behind a gap an object may well be the first that knows of the slot there. */
  private static final int READS_AHEAD_FIRST = 8;

  private static final int READS_AHEAD_MAX = 32;

  /** Failures in a row before the seal as a whole fails; it may then be called again. */
  private static final int FAILURES_MAX = 15;

  private static final int DAMAGED_READS_MAX = 3;

  /** A fence does not wait longer than that for what lies beyond it. */
  private static final Duration BEYOND_LIMIT = Duration.ofSeconds(1);

  private final WalEnvironment environment;
  private final SortedObjectReader reader;
  private final long incarnation;
  private final LaneId lane;
  private final LaneKeys keys;
  private final long newEpoch;
  private final UUID sealerId;
  private final CompletableFuture<List<SortedObject>> sealed = new CompletableFuture<>();

  // All below touched by one step at a time.
  private final List<SortedObject> objects = new ArrayList<>();
  private final TreeMap<Long, CompletableFuture<Optional<SortedObject>>> readsAhead =
      new TreeMap<>(); // by seq, in the current epoch
  private WalSlot slot;
  private int readsAheadMax = READS_AHEAD_FIRST;
  private @Nullable ObjectIdentity firstOfEpoch;
  private int objectsBeforeEpoch;
  private boolean fencePut; // in the current slot, whatever the answer was
  private boolean contested; // a fence of this epoch came too late: its writer is at work
  private boolean lookedAgain; // at the current slot, since there is something beyond it
  private int failures;
  private int damagedReads;

  /**
   * @param replayAfter what the manifest says: everything up to it is in L0s
   * @param newEpoch what the manifest already carries
   */
  WalSealer(
      WalEnvironment environment,
      long incarnation,
      LaneId lane,
      WalSlot replayAfter,
      long newEpoch,
      UUID sealerId) {
    this.environment = environment;
    this.reader = new SortedObjectReader(environment.store());
    this.incarnation = incarnation;
    this.lane = lane;
    this.keys = new LaneKeys(lane);
    this.newEpoch = newEpoch;
    this.sealerId = sealerId;
    this.slot =
        replayAfter.epoch() == 0 ? new WalSlot(1, 1) : replayAfter.next(); // epochs count from 1
  }

  CompletableFuture<List<SortedObject>> seal() {
    environment.scheduler().execute(guarded(this::look));
    return sealed;
  }

  /** Reads the slot at hand and, meanwhile, some of those behind it. */
  private void look() {
    if (slot.epoch() >= newEpoch) {
      sealed.complete(List.copyOf(objects));
      return;
    }
    for (long seq = slot.seq(); seq < slot.seq() + readsAheadMax; seq++) {
      ObjectKey ahead = keys.wal(new WalSlot(slot.epoch(), seq));
      readsAhead.computeIfAbsent(seq, missing -> reader.readDescription(ahead));
    }
    CompletableFuture<Optional<SortedObject>> read =
        readsAhead.getOrDefault(slot.seq(), CompletableFuture.completedFuture(Optional.empty()));
    read.whenComplete(
        (found, failure) ->
            environment.scheduler().execute(guarded(() -> onLooked(found, failure))));
  }

  private void onLooked(@Nullable Optional<SortedObject> found, @Nullable Throwable failure) {
    readsAhead.remove(slot.seq());
    if (found == null) {
      onFailed(failure);
    } else if (found.isEmpty()) {
      lookBeyond();
    } else if (found.get().identity().kind() == SortedObjectKind.FENCE) {
      endEpoch(found.get().identity());
    } else {
      checkWriter(found.get());
      objects.add(found.get());
      readsAheadMax = Math.min(READS_AHEAD_MAX, readsAheadMax * 2);
      goOn(slot.next());
    }
  }

  /**
   * Waits for what was read ahead, as long as it makes no great difference. It would where the
   * writer is at work: whoever waits loses the next slot to it as well.
   */
  private void lookBeyond() {
    List<CompletableFuture<Optional<SortedObject>>> beyond =
        List.copyOf(readsAhead.tailMap(slot.seq()).values());
    if (contested) {
      fenceUnlessLost(beyond);
      return;
    }
    CompletableFuture<Void> waited = new CompletableFuture<>();
    Scheduler.Cancellable limit =
        environment.scheduler().schedule(() -> waited.complete(null), BEYOND_LIMIT);
    CompletableFuture.allOf(beyond.toArray(CompletableFuture[]::new))
        .whenComplete((all, unread) -> waited.complete(null));
    waited.thenRun(
        () -> {
          limit.cancel();
          environment.scheduler().execute(guarded(() -> fenceUnlessLost(beyond)));
        });
  }

  private void fenceUnlessLost(List<CompletableFuture<Optional<SortedObject>>> beyond) {
    Optional<SortedObject> witness =
        beyond.stream()
            .filter(read -> read.isDone() && !read.isCompletedExceptionally())
            .flatMap(read -> read.join().stream())
            .filter(object -> object.ackedSeq() >= slot.seq())
            .findFirst();
    if (witness.isEmpty()) {
      putFence();
    } else if (!lookedAgain) {
      lookedAgain = true; // it may have arrived after we looked, and then the witness
      look();
    } else {
      throw new CorruptObjectException(
          "wal object is missing: key="
              + keys.wal(slot)
              + " was acknowledged before this one was written: key="
              + witness.get().key());
    }
  }

  private void putFence() {
    ObjectIdentity identity =
        new ObjectIdentity(
            SortedObjectKind.FENCE, incarnation, lane, slot.epoch(), slot.seq(), sealerId);
    fencePut = true;
    environment
        .store()
        .putIfAbsent(keys.wal(slot), SortedObjectWriter.fence(identity).body())
        .whenComplete(
            (result, failure) ->
                environment
                    .scheduler()
                    .execute(guarded(() -> onFencePut(identity, result, failure))));
  }

  private void onFencePut(
      ObjectIdentity fence, @Nullable PutResult result, @Nullable Throwable failure) {
    if (result instanceof PutResult.Created) {
      endEpoch(fence);
    } else if (result != null) {
      contested = true;
      retry(null); // taken in the meantime: see by what
    } else {
      onFailed(failure);
    }
  }

  /** Nobody may write under these keys but the one writer of that epoch. */
  private void checkWriter(SortedObject object) {
    ObjectIdentity identity = object.identity();
    if (firstOfEpoch == null) {
      firstOfEpoch = identity;
    }
    if (identity.kind() != SortedObjectKind.WAL
        || !identity.writerId().equals(firstOfEpoch.writerId())
        || identity.incarnation() != firstOfEpoch.incarnation()
        || identity.incarnation() > incarnation) {
      throw new CorruptObjectException(
          "wal object by another writer: key="
              + object.key()
              + " expected="
              + firstOfEpoch
              + " of an incarnation up to "
              + incarnation
              + " actual="
              + identity);
    }
  }

  private void endEpoch(ObjectIdentity fence) {
    boolean ours = fencePut && fence.writerId().equals(sealerId);
    int found = objects.size() - objectsBeforeEpoch;
    log.info(
        "wal epoch sealed: lane={} fence={} objects={} by={}",
        lane,
        slot,
        found,
        ours ? "us" : fence.writerId());
    environment.metrics().sealed(found, ours);
    readsAhead.clear();
    readsAheadMax = READS_AHEAD_FIRST;
    firstOfEpoch = null;
    contested = false;
    objectsBeforeEpoch = objects.size();
    goOn(new WalSlot(slot.epoch() + 1, 1));
  }

  private void goOn(WalSlot next) {
    slot = next;
    fencePut = false;
    lookedAgain = false;
    failures = 0;
    damagedReads = 0;
    look();
  }

  private void onFailed(@Nullable Throwable failure) {
    Throwable cause = cause(failure);
    if (cause instanceof CorruptObjectException && ++damagedReads < DAMAGED_READS_MAX) {
      retry(cause); // perhaps damaged on its way only
    } else if (cause instanceof ObjectStoreException.Unavailable) {
      retry(cause);
    } else {
      sealed.completeExceptionally(cause);
    }
  }

  /** Looks at the slot again, after a while unless the store just told us that it is taken. */
  private void retry(@Nullable Throwable cause) {
    failures++;
    if (failures > FAILURES_MAX) {
      sealed.completeExceptionally(
          new ObjectStoreException.Unavailable(
              "seal gave up: lane=" + lane + " slot=" + slot + " failures=" + failures, cause));
      return;
    }
    Duration delay =
        cause == null && failures == 1
            ? Duration.ZERO
            : Backoff.after(failures, environment.random());
    environment.scheduler().schedule(guarded(this::look), delay);
  }

  /** A step that throws fails the seal; nobody would otherwise ever hear of it. */
  private Runnable guarded(Runnable step) {
    return () -> {
      try {
        step.run();
      } catch (RuntimeException | Error e) {
        sealed.completeExceptionally(e);
      }
    };
  }

  private static Throwable cause(@Nullable Throwable failure) {
    return failure == null
        ? new IllegalStateException("neither answer nor failure")
        : Failures.causeOf(failure);
  }
}
