package io.sediment.wal;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler.Cancellable;
import io.sediment.wal.WalMetrics.Doubt;
import io.sediment.wal.WalMetrics.Verdict;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets one object into its slot, whatever the store answers, and finds out whether it is there.
 *
 * <p>Attempts are conditional puts of the same bytes to the same key: a first one, a hedge when it
 * is slow, retries after failures, for ever. {@code Created} settles the matter. When something is
 * in the slot already, or an answer was lost, the first bytes of the slot are read: our own
 * identity means success, a fence means that the epoch is over, nothing there means to try again,
 * and anything else is corruption, since nobody else may ever write under this key.
 *
 * <p>Once settled no further attempt begins, but those under way may still read the body: {@link
 * Listener#onEnded} says when the last of them has returned. Callbacks come without a lock held.
 */
final class SlotPut {
  interface Listener {
    /** The bucket holds our bytes in the slot. Comes at most once, and not with onLost. */
    void onConfirmed();

    /** The slot will never be known to be ours. */
    void onLost(LaneHaltedException cause);

    /** Settled or abandoned, and nobody reads the body any more. The last call. */
    void onEnded();
  }

  private static final Logger log = LoggerFactory.getLogger(SlotPut.class);

  /** A damaged header is read so often before it is believed: the network may have damaged it. */
  private static final int DAMAGED_READS_MAX = 3;

  private final WalEnvironment environment;
  private final PutHistory history;
  private final SortedObjectReader reader;
  private final ObjectKey key;
  private final ObjectIdentity identity;
  private final ObjectBody body;
  private final Listener listener;

  // All below guarded by this.
  private boolean settled; // confirmed, lost or abandoned
  private boolean ended;
  private int attemptsInFlight;
  private boolean reading;
  private boolean somethingIsThere; // a put found the slot taken, and no read has told by whom
  private int failures;
  private int damagedReads;
  private @Nullable Cancellable hedgeTimer;
  private @Nullable Cancellable retryTimer;

  SlotPut(
      WalEnvironment environment,
      PutHistory history,
      ObjectIdentity identity,
      ObjectBody body,
      Listener listener) {
    this.environment = environment;
    this.history = history;
    this.reader = new SortedObjectReader(environment.store());
    this.key = LaneKeys.of(identity);
    this.identity = identity;
    this.body = body;
    this.listener = listener;
  }

  /** Sends the first attempt. Called once. */
  void start() {
    put();
  }

  /** No further attempt; {@code onEnded} follows when those under way have returned. */
  void abandon() {
    synchronized (this) {
      settle();
    }
    tellWhenEnded();
  }

  private void put() {
    long slowAfterNanos = history.slowAfterNanos(body.length());
    long sentNanos = environment.ticker().nanoTime();
    synchronized (this) {
      if (settled) {
        return;
      }
      attemptsInFlight++;
      cancel(hedgeTimer);
      hedgeTimer = null;
      if (slowAfterNanos != HedgePolicy.NEVER) {
        hedgeAfter(slowAfterNanos, sentNanos, slowAfterNanos);
      }
    }
    history.putSent();
    send(false, sentNanos);
  }

  /** Caller holds the lock. */
  private void hedgeAfter(long delayNanos, long sentNanos, long slowAfterNanos) {
    hedgeTimer =
        environment
            .scheduler()
            .schedule(() -> hedge(sentNanos, slowAfterNanos), Duration.ofNanos(delayNanos));
  }

  private void hedge(long sentNanos, long slowAfterNanos) {
    long nowNanos = environment.ticker().nanoTime();
    synchronized (this) {
      if (settled || isRecovering()) {
        return;
      }
      hedgeAfter(HedgePolicy.nextLookNanos(nowNanos - sentNanos), sentNanos, slowAfterNanos);
      if (!history.takeHedge(nowNanos, sentNanos, slowAfterNanos)) {
        return;
      }
      attemptsInFlight++;
    }
    environment.metrics().hedgeSent();
    send(true, nowNanos);
  }

  private void send(boolean isHedge, long sentNanos) {
    CompletableFuture<PutResult> answer;
    try {
      answer = environment.store().putIfAbsent(key, body);
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    answer.whenComplete(
        (result, failure) ->
            environment.scheduler().execute(() -> onAnswer(isHedge, sentNanos, result, failure)));
  }

  private void onAnswer(
      boolean isHedge, long sentNanos, @Nullable PutResult result, @Nullable Throwable failure) {
    try {
      if (result != null) {
        history.answered(body.length(), environment.ticker().nanoTime() - sentNanos);
      }
      if (result instanceof PutResult.Created) {
        confirm(isHedge);
      } else if (result != null) {
        onTaken();
      } else {
        onPutFailed(cause(failure));
      }
    } finally {
      synchronized (this) {
        attemptsInFlight--;
      }
      tellWhenEnded();
    }
  }

  private void confirm(boolean byHedge) {
    synchronized (this) {
      if (settled) {
        return;
      }
      settle();
    }
    if (byHedge) {
      environment.metrics().hedgeWon();
    }
    listener.onConfirmed();
    tellWhenEnded();
  }

  private void lose(LaneHaltedException cause) {
    synchronized (this) {
      if (settled) {
        return;
      }
      settle();
    }
    listener.onLost(cause);
    tellWhenEnded();
  }

  /** 412: ours from another attempt, a fence, or something that must not be. */
  private void onTaken() {
    synchronized (this) {
      if (settled) {
        return;
      }
      somethingIsThere = true;
      if (reading) {
        return; // if that read came too early, the retry after it will find out
      }
      cancel(retryTimer);
      retryTimer = null;
      reading = true;
    }
    readBack(Doubt.PRECONDITION_FAILED);
  }

  private void onPutFailed(Throwable failure) {
    boolean throttled =
        failure instanceof ObjectStoreException.Unavailable unavailable && unavailable.throttled();
    boolean outcomeUnknown = failure instanceof ObjectStoreException.Unavailable && !throttled;
    if (throttled) {
      history.throttled(environment.ticker().nanoTime());
    }
    synchronized (this) {
      if (settled || isRecovering()) {
        return;
      }
      failures++;
      if (outcomeUnknown) {
        reading = true;
      } else {
        // Throttled: it was not done, and a read is a request too. Refused or a bug: an operator
        // may mend credentials or disk; giving the slot up would only lose what waits behind it.
        retryAfter(
            throttled
                ? Backoff.after(failures, environment.random())
                : Backoff.longest(environment.random()));
      }
    }
    logFailure("put", failure, outcomeUnknown || throttled);
    if (outcomeUnknown) {
      readBack(Doubt.UNAVAILABLE);
    }
  }

  private void readBack(Doubt doubt) {
    reader
        .readHeader(key)
        .whenComplete(
            (found, failure) ->
                environment.scheduler().execute(() -> onRead(doubt, found, failure)));
  }

  private void onRead(
      Doubt doubt, @Nullable Optional<ObjectIdentity> found, @Nullable Throwable failure) {
    if (found == null) {
      onReadFailed(doubt, cause(failure));
    } else if (found.isEmpty()) {
      environment.metrics().resolved(doubt, Verdict.ABSENT);
      synchronized (this) {
        reading = false;
        somethingIsThere = false; // what was there has been deleted since; see the README
        failures = Math.max(failures, 1);
        retryAfter(Backoff.after(failures, environment.random()));
      }
    } else {
      onFound(doubt, found.get());
    }
  }

  private void onFound(Doubt doubt, ObjectIdentity there) {
    if (there.equals(identity)) {
      environment.metrics().resolved(doubt, Verdict.OURS);
      confirm(false);
    } else if (there.kind() == SortedObjectKind.FENCE) {
      environment.metrics().resolved(doubt, Verdict.FENCED);
      lose(
          new LaneHaltedException(
              "fenced: key="
                  + key
                  + " by="
                  + there.writerId()
                  + " of incarnation "
                  + there.incarnation()
                  + " us="
                  + identity.writerId()
                  + " of incarnation "
                  + identity.incarnation()));
    } else {
      environment.metrics().resolved(doubt, Verdict.FOREIGN);
      CorruptObjectException corrupt =
          new CorruptObjectException(
              "wal slot holds what nobody may have written: key="
                  + key
                  + " expected="
                  + identity
                  + " actual="
                  + there);
      lose(new LaneHaltedException("wal slot is corrupt: key=" + key, corrupt));
    }
  }

  private void onReadFailed(Doubt doubt, Throwable failure) {
    boolean damaged = failure instanceof CorruptObjectException;
    boolean believed = false;
    synchronized (this) {
      reading = false;
      if (damaged) {
        damagedReads++;
        somethingIsThere = true;
        believed = damagedReads >= DAMAGED_READS_MAX;
      }
      if (!believed) {
        failures++;
        retryAfter(Backoff.after(failures, environment.random()));
      }
    }
    if (believed) {
      environment.metrics().resolved(doubt, Verdict.UNREADABLE);
      lose(new LaneHaltedException("wal slot is corrupt: key=" + key, failure));
    } else {
      logFailure("read", failure, failure instanceof ObjectStoreException.Unavailable);
    }
  }

  /** Caller holds the lock. */
  private void retryAfter(Duration delay) {
    if (!settled) {
      retryTimer = environment.scheduler().schedule(this::retry, delay);
    }
  }

  private void retry() {
    boolean read;
    synchronized (this) {
      if (settled || retryTimer == null) {
        return;
      }
      retryTimer = null;
      read = somethingIsThere; // sending the bytes again would only be answered 412 again
      reading = read;
    }
    if (read) {
      readBack(Doubt.PRECONDITION_FAILED);
    } else {
      environment.metrics().retried();
      put();
    }
  }

  /** A read or a retry will follow by itself. Caller holds the lock. */
  private boolean isRecovering() {
    return reading || retryTimer != null;
  }

  /** Caller holds the lock. */
  private void settle() {
    settled = true;
    cancel(hedgeTimer);
    cancel(retryTimer);
    hedgeTimer = null;
    retryTimer = null;
  }

  private void tellWhenEnded() {
    synchronized (this) {
      if (!settled || attemptsInFlight > 0 || ended) {
        return;
      }
      ended = true;
    }
    listener.onEnded();
  }

  private void logFailure(String what, Throwable failure, boolean expected) {
    if (expected) {
      log.info(
          "wal {} failed, will be tried again: key={} cause={}", what, key, failure.toString());
    } else {
      log.error("wal {} failed, will be tried again: key={}", what, key, failure);
    }
  }

  private static void cancel(@Nullable Cancellable timer) {
    if (timer != null) {
      timer.cancel();
    }
  }

  private static Throwable cause(@Nullable Throwable failure) {
    return failure == null
        ? new IllegalStateException("neither answer nor failure")
        : Failures.causeOf(failure);
  }
}
