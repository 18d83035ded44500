package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls of the store that are made again, with growing pauses, until they succeed: what is in
 * memory cannot go anywhere else. Only a stop ends that, or an answer that no retry can change.
 */
final class PatientStore {
  private static final Logger log = LoggerFactory.getLogger(PatientStore.class);

  private static final int PROBE_BYTES = 64; // a sorted object's header, writer id and all
  private static final int LOOKS = 3;

  private final ObjectStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final Duration pauseMin;
  private final Duration pauseMax;
  private volatile @Nullable RuntimeException stopped;

  PatientStore(LaneEnvironment environment, LaneConfig config) {
    this.store = environment.store();
    this.scheduler = environment.scheduler();
    this.random = environment.random();
    this.pauseMin = config.retryDelayMin();
    this.pauseMax = config.retryDelayMax();
  }

  /** Calls waiting for another attempt, and later ones, fail with {@code reason}. */
  void stop(RuntimeException reason) {
    stopped = reason;
  }

  /** The result of {@code call}, however many attempts it takes. */
  <T> CompletableFuture<T> call(String what, Supplier<CompletableFuture<T>> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    attempt(what, call, 0, result);
    return result;
  }

  private <T> void attempt(
      String what, Supplier<CompletableFuture<T>> call, int failures, CompletableFuture<T> result) {
    RuntimeException reason = stopped;
    if (reason != null) {
      result.completeExceptionally(reason);
      return;
    }
    CompletableFuture<T> answer;
    try {
      answer = call.get();
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    answer.whenComplete(
        (value, failure) -> {
          if (failure == null) {
            result.complete(value);
            return;
          }
          Throwable cause = Failures.causeOf(failure);
          if (cause instanceof ObjectStoreException) {
            // Refused as well: credentials and bucket policies get repaired.
            Duration pause = pause(failures);
            log.warn(
                "{} failed {} times, again in {} ms: {}",
                what,
                failures + 1,
                pause.toMillis(),
                cause.getMessage());
            scheduler.schedule(() -> attempt(what, call, failures + 1, result), pause);
          } else {
            result.completeExceptionally(cause);
          }
        });
  }

  private Duration pause(int failures) {
    long nanos = Math.min(pauseMax.toNanos(), pauseMin.toNanos() << Math.min(failures, 20));
    return Duration.ofNanos(nanos / 2 + random.nextLong(nanos / 2 + 1));
  }

  /**
   * Reads what must be there. Damage is healed by reading once more; what is damaged twice, or
   * missing, fails with {@link CorruptObjectException}.
   */
  <T> CompletableFuture<T> read(
      String what, ObjectKey key, ByteRange range, Function<StoredBytes, T> decode) {
    return call(
        what,
        () ->
            ReadAgain.whileCorrupt(
                () ->
                    store
                        .get(key, range)
                        .thenApply(
                            found ->
                                decode.apply(
                                    found.orElseThrow(
                                        () ->
                                            new CorruptObjectException(
                                                what + ": missing: key=" + key))))));
  }

  /**
   * Creates an object under a key that nobody but us ever writes to, always with these bytes.
   *
   * @param what for messages
   */
  CompletableFuture<Void> putOurs(String what, ObjectKey key, ObjectBody body) {
    return call(
        what,
        () ->
            store
                .putIfAbsent(key, body)
                .thenCompose(
                    result ->
                        result instanceof PutResult.Created
                            ? CompletableFuture.completedFuture(null)
                            : checkOurs(what, key, body, LOOKS - 1)));
  }

  /**
   * Something is there: our own put whose answer was lost, else two of us write under one id. Looks
   * more than once before it says so, since a read can come back damaged.
   */
  private CompletableFuture<Void> checkOurs(
      String what, ObjectKey key, ObjectBody body, int looksLeft) {
    int probe = (int) Math.min(body.length(), PROBE_BYTES);
    return store
        .get(key, ByteRange.of(0, probe))
        .thenCompose(
            found -> {
              if (found.isEmpty()) {
                throw new ObjectStoreException.Unavailable(
                    what + ": there a moment ago, gone now: key=" + key, null);
              }
              boolean isOurs =
                  found.get().objectLength() == body.length()
                      && Arrays.equals(
                          ObjectBody.of(found.get().bytes()).toByteArray(),
                          firstBytes(body, probe));
              if (isOurs) {
                return CompletableFuture.completedFuture(null);
              }
              if (looksLeft > 0) {
                return checkOurs(what, key, body, looksLeft - 1);
              }
              throw new CorruptObjectException(
                  what
                      + ": somebody else's object under our key: key="
                      + key
                      + " expectedLength="
                      + body.length()
                      + " actualLength="
                      + found.get().objectLength());
            });
  }

  private static byte[] firstBytes(ObjectBody body, int count) {
    byte[] bytes = new byte[count];
    int filled = 0;
    for (var buffer : body.buffers()) {
      int more = Math.min(buffer.remaining(), count - filled);
      buffer.get(bytes, filled, more);
      filled += more;
    }
    return bytes;
  }
}
