package io.sediment.cluster;

import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.PartitionId;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Seals lanes of this incarnation in the bucket, each under exactly the epoch that was granted. */
public final class BucketLaneSealing implements LaneTakeover.Sealing {
  private final LaneEnvironment environment;
  private final LaneConfig config;
  private final long incarnation;

  public BucketLaneSealing(LaneEnvironment environment, LaneConfig config, long incarnation) {
    this.environment = environment;
    this.config = config;
    this.incarnation = incarnation;
  }

  @Override
  public CompletableFuture<Map<PartitionId, Long>> seal(LaneId lane, long epoch) {
    return Lane.seal(
            environment, config, new io.sediment.lsm.LaneId(lane.value()), incarnation, epoch)
        .thenApply(
            ends -> {
              Map<PartitionId, Long> offsets = new TreeMap<>();
              ends.forEach(
                  (partition, end) ->
                      offsets.put(
                          new PartitionId(partition.topicId(), partition.partition()),
                          end.endOffset()));
              return offsets;
            });
  }
}
