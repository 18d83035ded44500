package io.sediment.cluster;

import io.sediment.compactor.CompactorLoop;
import io.sediment.lsm.gc.GarbageOptions;
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
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the sealed lanes that are this broker's compacted and collected: their levels become runs,
 * what is dead in these is let go. Looks now and then whether there is another one.
 */
final class SealedLanes implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SealedLanes.class);
  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(30);

  /** A lane that is being looked after. */
  private record Kept(StoredLaneLevels levels, CompactorLoop loop) {}

  private final ClusterMetadata metadata;
  private final int brokerId;
  private final ObjectStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final GarbageOptions garbage;
  private final Duration garbageInterval;
  private final BrokerCompaction compaction;
  private final Map<LaneId, Kept> kept = new HashMap<>(); // guarded by this
  private boolean closed; // guarded by this

  private SealedLanes(
      ClusterMetadata metadata,
      int brokerId,
      ObjectStore store,
      Scheduler scheduler,
      RandomGenerator random,
      GarbageOptions garbage,
      Duration garbageInterval,
      BrokerCompaction compaction) {
    this.metadata = metadata;
    this.brokerId = brokerId;
    this.store = store;
    this.scheduler = scheduler;
    this.random = random;
    this.garbage = garbage;
    this.garbageInterval = garbageInterval;
    this.compaction = compaction;
  }

  static SealedLanes start(
      ClusterMetadata metadata,
      int brokerId,
      ObjectStore store,
      Scheduler scheduler,
      RandomGenerator random,
      GarbageOptions garbage,
      Duration garbageInterval,
      BrokerCompaction compaction) {
    SealedLanes lanes =
        new SealedLanes(
            metadata, brokerId, store, scheduler, random, garbage, garbageInterval, compaction);
    scheduler.execute(lanes::look);
    return lanes;
  }

  private void look() {
    List<LaneId> missing = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      for (Lane lane : metadata.image().lanes().values()) {
        if (lane.state() == Lane.State.SEALED
            && lane.owner() == brokerId
            && !kept.containsKey(lane.id())) {
          missing.add(lane.id());
        }
      }
    }
    missing.forEach(this::open);
    scheduler.schedule(this::look, LOOK_INTERVAL);
  }

  private void open(LaneId lane) {
    StoredLaneLevels.open(
            store,
            new io.sediment.lsm.LaneId(lane.value()),
            scheduler,
            random,
            true,
            garbage,
            garbageInterval)
        .whenComplete(
            (levels, failure) -> {
              if (failure != null) {
                log.warn("sealed lane {} cannot be opened yet: {}", lane, failure.toString());
              } else {
                keep(lane, levels);
              }
            });
  }

  private synchronized void keep(LaneId lane, StoredLaneLevels levels) {
    if (closed || kept.containsKey(lane)) {
      levels.close();
      return;
    }
    kept.put(lane, new Kept(levels, compaction.start(levels, true)));
  }

  @Override
  public synchronized void close() {
    closed = true;
    kept.values().forEach(each -> each.loop().close());
    kept.values().forEach(each -> each.levels().close());
    kept.clear();
  }
}
