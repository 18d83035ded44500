package io.sediment.cluster;

import io.sediment.compactor.CompactorLoop;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.StoredLaneLevels;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps lanes that this process does not append to compacted and collected: their levels become
 * runs, what is dead in these is let go. Looks now and then whether there is another one.
 */
public final class CompactedLanes implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CompactedLanes.class);

  /** How often a broker looks, or a compactor. */
  static final Duration LOOK_INTERVAL = Duration.ofSeconds(30);

  /** A lane that is being looked after. */
  private record Kept(boolean isSealed, StoredLaneLevels levels, CompactorLoop loop) {
    void close() {
      loop.close();
      levels.close();
    }
  }

  private final ClusterMetadata metadata;
  private final Predicate<Lane> isOurs;
  private final ObjectStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final LaneConfig laneConfig;
  private final Duration lookInterval;
  private final BrokerCompaction compaction;
  private final Map<LaneId, Kept> kept = new HashMap<>(); // guarded by this
  private boolean closed; // guarded by this

  private CompactedLanes(
      ClusterMetadata metadata,
      Predicate<Lane> isOurs,
      ObjectStore store,
      Scheduler scheduler,
      RandomGenerator random,
      LaneConfig laneConfig,
      Duration lookInterval,
      BrokerCompaction compaction) {
    this.metadata = metadata;
    this.isOurs = isOurs;
    this.store = store;
    this.scheduler = scheduler;
    this.random = random;
    this.laneConfig = laneConfig;
    this.lookInterval = lookInterval;
    this.compaction = compaction;
  }

  /**
   * @param laneConfig says when garbage is looked for
   * @param lookInterval from one look whether there is another lane to the next
   */
  public static CompactedLanes start(
      ClusterMetadata metadata,
      Predicate<Lane> isOurs,
      ObjectStore store,
      Scheduler scheduler,
      RandomGenerator random,
      LaneConfig laneConfig,
      Duration lookInterval,
      BrokerCompaction compaction) {
    CompactedLanes lanes =
        new CompactedLanes(
            metadata, isOurs, store, scheduler, random, laneConfig, lookInterval, compaction);
    scheduler.execute(lanes::look);
    return lanes;
  }

  private void look() {
    List<Lane> missing = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      for (Lane lane : metadata.image().lanes().values()) {
        Kept known = kept.get(lane.id());
        if (isOurs.test(lane) && (known == null || known.isSealed() != isSealed(lane))) {
          missing.add(lane);
        }
      }
    }
    missing.forEach(this::open);
    scheduler.schedule(this::look, lookInterval);
  }

  private static boolean isSealed(Lane lane) {
    return lane.state() == Lane.State.SEALED;
  }

  private void open(Lane lane) {
    StoredLaneLevels.open(
            store,
            new io.sediment.lsm.LaneId(lane.id().value()),
            scheduler,
            random,
            isSealed(lane),
            laneConfig.garbage(),
            laneConfig.garbageInterval())
        .whenComplete(
            (levels, failure) -> {
              if (failure != null) {
                log.warn("lane {} cannot be opened yet: {}", lane.id(), failure.toString());
              } else {
                keep(lane, levels);
              }
            });
  }

  private synchronized void keep(Lane lane, StoredLaneLevels levels) {
    Kept before = kept.get(lane.id());
    if (closed || before != null && before.isSealed() == isSealed(lane)) {
      levels.close();
      return;
    }
    if (before != null) {
      before.close();
    }
    kept.put(lane.id(), new Kept(isSealed(lane), levels, compaction.start(levels, isSealed(lane))));
  }

  @Override
  public synchronized void close() {
    closed = true;
    kept.values().forEach(Kept::close);
    kept.clear();
  }
}
