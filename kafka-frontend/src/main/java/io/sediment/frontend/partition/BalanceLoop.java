package io.sediment.frontend.partition;

import io.sediment.frontend.partition.BalancePolicy.Candidate;
import io.sediment.frontend.partition.BalancePolicy.Move;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferredLeader;
import io.sediment.metadata.Topic;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures what is appended to each partition that this broker leads, and hands some over to
 * brokers that have less to do. See {@link BalancePolicy} for which, {@link MoveBudget} for how
 * many.
 *
 * <p>Left where they are: partitions of internal topics, since groups would move with them, and
 * those that an operator wants here.
 */
public final class BalanceLoop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BalanceLoop.class);

  /** Of all partitions of the cluster, in each window. */
  private static final double MOVED_PART_MAX = 0.05;

  private static final int LOOKS_PER_WINDOW = 6;

  /** A broker knows little in its first window, of itself and of the others. */
  private static final int LOOKS_BEFORE_MOVING = LOOKS_PER_WINDOW;

  /** So long a receiver reports less than it was given. */
  private static final int LOOKS_CREDITED = 4;

  /** How much of a rate comes from the newest look. */
  private static final double NEWEST_PART = 0.3;

  /** Bytes per second: a partition to which nothing is appended is some work, too. */
  private static final double IDLE_LOAD = 100;

  private static final int PARTITIONS_AT_ONCE = 250;

  private record Rate(PartitionLog of, long appendedBytes, double bytesPerSecond) {}

  private record Credit(long look, int broker, double load) {}

  private final int brokerId;
  private final LaneId lane;
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final PartitionHandoff handoff;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Duration interval;
  private final boolean handsOver;
  private final MoveBudget budget = new MoveBudget(LOOKS_PER_WINDOW);
  private final Map<LaneId, Long> reported = new ConcurrentHashMap<>();
  private Map<PartitionId, Rate> rates = new HashMap<>(); // one look at a time, as all below
  private final List<Credit> credits = new ArrayList<>();
  private long look;
  private long lookedNanos;
  private volatile double ownLoad;
  private volatile boolean closed;
  private volatile Scheduler.@Nullable Cancellable next;

  private BalanceLoop(
      int brokerId,
      LaneId lane,
      ClusterMetadata metadata,
      PartitionLogs logs,
      PartitionHandoff handoff,
      Scheduler scheduler,
      Ticker ticker,
      Duration interval,
      boolean handsOver) {
    this.brokerId = brokerId;
    this.lane = lane;
    this.metadata = metadata;
    this.logs = logs;
    this.handoff = handoff;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.interval = interval;
    this.handsOver = handsOver;
    this.lookedNanos = ticker.nanoTime();
  }

  /**
   * @param lane that this broker appends to
   * @param interval from look to look; in six of them at most one partition in twenty is moved
   * @param handsOver false: this broker measures and says what it has to do, and keeps it
   */
  public static BalanceLoop start(
      int brokerId,
      LaneId lane,
      ClusterMetadata metadata,
      PartitionLogs logs,
      PartitionHandoff handoff,
      Scheduler scheduler,
      Ticker ticker,
      Duration interval,
      boolean handsOver) {
    BalanceLoop loop =
        new BalanceLoop(
            brokerId, lane, metadata, logs, handoff, scheduler, ticker, interval, handsOver);
    loop.scheduleNext();
    return loop;
  }

  /** What this broker's partitions take together, in bytes per second, for the others to know. */
  public long load() {
    return Math.round(ownLoad);
  }

  /** What others say of their lanes. */
  public void onReports(List<LaneReport> lanes) {
    lanes.forEach(report -> reported.put(report.lane(), report.load()));
  }

  private void scheduleNext() {
    if (!closed) {
      next = scheduler.schedule(this::look, interval);
    }
  }

  private void look() {
    if (closed) {
      return;
    }
    List<Move> moves;
    try {
      look++;
      measure();
      moves = handsOver && look > LOOKS_BEFORE_MOVING && logs.isLeaseHeld() ? plan() : List.of();
    } catch (RuntimeException e) {
      log.error("cannot say what should move", e);
      moves = List.of();
    }
    if (moves.isEmpty()) {
      scheduleNext();
    } else {
      move(moves);
    }
  }

  private void measure() {
    long now = ticker.nanoTime();
    double seconds = Math.max(1, now - lookedNanos) / 1e9;
    lookedNanos = now;
    Map<PartitionId, Rate> measured = new HashMap<>();
    double sum = 0;
    for (PartitionLog each : logs.all()) {
      PartitionId id = new PartitionId(each.id().topicId(), each.id().partition());
      Rate before = rates.get(id);
      long appended = each.appendedBytes();
      double rate;
      if (before == null || before.of() != each) {
        rate = appended / seconds;
      } else {
        double newest = (appended - before.appendedBytes()) / seconds;
        rate = before.bytesPerSecond() + NEWEST_PART * (newest - before.bytesPerSecond());
      }
      measured.put(id, new Rate(each, appended, rate));
      sum += rate + IDLE_LOAD;
    }
    rates = measured;
    ownLoad = sum;
  }

  private List<Move> plan() {
    MetadataImage image = metadata.image();
    SortedMap<Integer, Double> loads = loads(image);
    if (!loads.containsKey(brokerId)) {
      return List.of();
    }
    double share = BalancePolicy.shareOfSurplus(brokerId, loads);
    int allowed = budget.allowed(look, MOVED_PART_MAX * partitions(image) * share);
    return BalancePolicy.plan(
        brokerId, loads, candidates(image), Math.min(allowed, PARTITIONS_AT_ONCE));
  }

  /** Of all that take partitions; empty while somebody's is not known or this broker takes none. */
  private SortedMap<Integer, Double> loads(MetadataImage image) {
    credits.removeIf(credit -> look - credit.look() > LOOKS_CREDITED);
    reported.keySet().removeIf(id -> image.lane(id) == null);
    TreeMap<Integer, Double> loads = new TreeMap<>();
    for (Lane each : image.lanes().values()) {
      if (each.state() != Lane.State.ACTIVE) {
        continue;
      }
      Long said = reported.get(each.id());
      if (each.id().equals(lane)) {
        loads.put(brokerId, ownLoad);
      } else if (said == null) {
        return new TreeMap<>();
      } else {
        loads.put(each.owner(), said.doubleValue());
      }
    }
    for (Credit credit : credits) {
      loads.computeIfPresent(credit.broker(), (broker, load) -> load + credit.load());
    }
    return loads;
  }

  private static int partitions(MetadataImage image) {
    int sum = 0;
    for (Topic topic : image.topics()) {
      sum += topic.partitionCount();
    }
    return sum;
  }

  private List<Candidate> candidates(MetadataImage image) {
    List<Candidate> candidates = new ArrayList<>();
    rates.forEach(
        (id, rate) -> {
          PreferredLeader preferred = image.preferredLeader(id);
          boolean isWantedHere = preferred != null && preferred.broker() == brokerId;
          if (logs.newest(id, image) == rate.of()
              && !rate.of().isHandedOver()
              && !isWantedHere
              && !image.isMoving(id)
              && !org.apache.kafka.common.internals.Topic.isInternal(rate.of().topic())) {
            candidates.add(new Candidate(id, rate.bytesPerSecond() + IDLE_LOAD));
          }
        });
    return candidates;
  }

  private void move(List<Move> moves) {
    Map<PartitionLog, Integer> targets = new HashMap<>();
    for (Move each : moves) {
      Rate rate = rates.get(each.partition());
      if (rate != null) {
        targets.put(rate.of(), each.target());
        credits.add(new Credit(look, each.target(), each.load()));
      }
    }
    budget.note(look, targets.size());
    handoff
        .flushAndHandOver(
            List.copyOf(targets.keySet()), leaving -> targets.getOrDefault(leaving, brokerId))
        .whenComplete(
            (count, failure) -> {
              if (failure != null) {
                log.info("not handed over for balance: {}", failure.toString());
              } else {
                log.info("handed over {} partitions to brokers with less load", count);
              }
              scheduleNext();
            });
  }

  /** Begins nothing any more. */
  @Override
  public void close() {
    closed = true;
    Scheduler.Cancellable last = next;
    if (last != null) {
      last.cancel();
    }
  }
}
