package io.sediment.cluster;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RejectionCode;
import io.sediment.metadata.SealLane;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the lanes of dead brokers that were granted to this one: seals each under exactly the
 * granted epoch, then has its partitions placed. Driven by the published metadata, so it goes on
 * with what an earlier process of this broker was granted and did not finish.
 *
 * <p>An earlier process may also have appended to another lane than this one: where several of them
 * began at once, each may have registered one. Its owner lives, so nobody else would call it dead:
 * this process asks for it itself.
 *
 * <p>A grant is used for one claim of the lane. Where that did not lead to an end, the next one is
 * asked for; whoever holds the newest grant wins, and all the others are fenced. Each failure in a
 * row doubles the pause before that, up to {@link #PAUSE_MAX}; a lane that cannot be read waits for
 * the longest at once. It is never given up, since its partitions have no leader until then: {@code
 * sediment_lane_takeovers_failing} and the log at level ERROR call for an operator.
 */
public final class LaneTakeover implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LaneTakeover.class);
  static final Duration PAUSE = Duration.ofMillis(100);
  static final Duration PAUSE_MAX = Duration.ofSeconds(30);

  /** With that many failures in a row, after some 3 s, it is no longer a passing trouble. */
  static final int FAILURES_TO_ALARM = 5;

  private record Grant(LaneId lane, long epoch) {}

  /** Makes a lane a closed one and finds where its partitions end. */
  @FunctionalInterface
  public interface Sealing {
    CompletableFuture<Map<PartitionId, Long>> seal(LaneId lane, long epoch);
  }

  private final ClusterMetadata metadata;
  private final int brokerId;
  private final long brokerEpoch;
  private final LaneId own;
  private final Sealing sealing;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Set<Grant> taken = new HashSet<>(); // touched by one image at a time
  private final Set<Grant> askedFor = new HashSet<>(); // likewise
  private final Map<LaneId, Integer> failures = new ConcurrentHashMap<>(); // in a row
  private final AtomicLong partitions = new AtomicLong();
  private final ClusterMetadata.Subscription subscription;
  private volatile boolean closed;

  /**
   * @param brokerEpoch of this process's registration
   * @param own the lane that this process appends to; it is open
   */
  @SuppressWarnings(
      "this-escape") // images may come before the constructor ends; all is set by then
  public LaneTakeover(
      ClusterMetadata metadata,
      int brokerId,
      long brokerEpoch,
      LaneId own,
      Sealing sealing,
      Scheduler scheduler,
      Ticker ticker) {
    this.metadata = metadata;
    this.brokerId = brokerId;
    this.brokerEpoch = brokerEpoch;
    this.own = own;
    this.sealing = sealing;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.subscription = metadata.subscribe(this::follow);
  }

  private void follow(MetadataImage before, MetadataImage after) {
    if (before.lanes() == after.lanes()) {
      return;
    }
    failures
        .keySet()
        .removeIf(
            id -> {
              Lane known = after.lane(id);
              return known == null || !isOurs(known);
            });
    for (Lane lane : after.lanes().values()) {
      Grant grant = new Grant(lane.id(), lane.epoch());
      if (isOurs(lane) && taken.add(grant)) {
        seal(grant);
      } else if (isLeftBehind(lane) && askedFor.add(grant)) {
        log.info("{} was left behind by an earlier process of this broker: {}", lane.id(), lane);
        submitSeal(grant, () -> askForWhatWasLeftBehind(grant));
      }
    }
  }

  /** One that was never granted holds nothing, and nothing is placed on it. */
  private boolean isLeftBehind(Lane lane) {
    return lane.owner() == brokerId
        && !lane.id().equals(own)
        && lane.epoch() > 0
        && (lane.isOpen() || lane.state() == Lane.State.OPENING);
  }

  private void askForWhatWasLeftBehind(Grant lane) {
    Lane known = metadata.image().lane(lane.lane);
    if (closed || known == null || !isLeftBehind(known) || known.epoch() != lane.epoch) {
      return;
    }
    submitSeal(lane, () -> askForWhatWasLeftBehind(lane));
  }

  private void submitSeal(Grant lane, Runnable again) {
    metadata
        .submit(new SealLane(lane.lane, lane.epoch, brokerId, brokerEpoch))
        .whenComplete(
            (result, failure) -> {
              if (failure != null) {
                later(again);
              }
            });
  }

  private boolean isOurs(Lane lane) {
    return lane.state() == Lane.State.SEALING && lane.owner() == brokerId;
  }

  private void seal(Grant grant) {
    long begun = ticker.nanoTime();
    log.info("sealing {} under epoch {}", grant.lane, grant.epoch);
    sealing
        .seal(grant.lane, grant.epoch)
        .whenComplete(
            (ends, failure) -> {
              if (failure == null) {
                failures.remove(grant.lane);
                place(grant, ends, begun, ticker.nanoTime());
              } else if (!closed) {
                failed(grant, failure);
              }
            });
  }

  private void failed(Grant grant, Throwable failure) {
    int inARow = failures.merge(grant.lane, 1, Integer::sum);
    boolean corrupt = CorruptObjectException.isCauseOf(failure);
    Duration pause = corrupt ? PAUSE_MAX : pauseAfter(inARow);
    if (corrupt || inARow >= FAILURES_TO_ALARM) {
      log.error(
          "{} cannot be sealed, its partitions have no leader: failures in a row {}, next attempt"
              + " in {}",
          grant.lane,
          inARow,
          pause,
          failure);
    } else {
      log.warn("sealing {} under epoch {}", grant.lane, grant.epoch, failure);
    }
    scheduler.schedule(() -> askAgain(grant), pause);
  }

  static Duration pauseAfter(int failuresInARow) {
    Duration doubled = PAUSE.multipliedBy(1L << Math.min(failuresInARow - 1, 10));
    return doubled.compareTo(PAUSE_MAX) < 0 ? doubled : PAUSE_MAX;
  }

  /** Lanes whose last attempt failed. */
  int failing() {
    return failures.size();
  }

  void bindTo(MeterRegistry meters) {
    Gauge.builder("sediment.lane.takeovers.failing", this, LaneTakeover::failing)
        .description("lanes of dead brokers that this one tried to seal and could not yet")
        .register(meters);
    FunctionCounter.builder("sediment.lane.takeovers.partitions", this, LaneTakeover::partitions)
        .description("partitions of dead brokers' lanes that this one has had placed")
        .register(meters);
  }

  /** How many were placed since the start, on whomever; none of a broker that handed all over. */
  long partitions() {
    return partitions.get();
  }

  private void place(Grant grant, Map<PartitionId, Long> ends, long begun, long sealed) {
    if (closed) {
      return;
    }
    metadata
        .submit(new LaneSealed(grant.lane, grant.epoch, ends))
        .whenComplete(
            (result, failure) -> {
              if (result instanceof CommandResult.Accepted<Integer> placed) {
                partitions.addAndGet(placed.value());
                log.info(
                    "took over {}: {} partitions placed, sealed in {} ms, placed in {} ms",
                    grant.lane,
                    placed.value(),
                    millis(begun, sealed),
                    millis(sealed, ticker.nanoTime()));
                return;
              }
              boolean again =
                  failure != null
                      || result instanceof Rejected<Integer> rejected
                          && rejected.code() == RejectionCode.NO_ACTIVE_LANE;
              log.info(
                  "{} is sealed and not placed{}: {}",
                  grant.lane,
                  again ? " yet" : "",
                  failure == null ? result : failure);
              if (again) {
                later(() -> place(grant, ends, begun, sealed));
              }
            });
  }

  private static long millis(long fromNanos, long toNanos) {
    return TimeUnit.NANOSECONDS.toMillis(toNanos - fromNanos);
  }

  /** The next image shows the new grant, or that somebody else has the lane. */
  private void askAgain(Grant grant) {
    Lane known = metadata.image().lane(grant.lane);
    if (closed || known == null || !isOurs(known) || known.epoch() != grant.epoch) {
      if (known == null || !isOurs(known)) {
        failures.remove(grant.lane);
      }
      return;
    }
    submitSeal(grant, () -> askAgain(grant));
  }

  private void later(Runnable next) {
    scheduler.schedule(next, PAUSE);
  }

  @Override
  public void close() {
    closed = true;
    subscription.cancel();
  }
}
