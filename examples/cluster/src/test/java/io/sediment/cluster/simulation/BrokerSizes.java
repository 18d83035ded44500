package io.sediment.cluster.simulation;

import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.wal.WalProfile;
import java.time.Duration;
import java.util.SplittableRandom;

/** Sizes and times that make haste, which each process draws for its lanes and its memory. */
record BrokerSizes(WalProfile walProfile, LaneConfig laneConfig, long memoryBytes) {
  static BrokerSizes drawn(SplittableRandom draws) {
    WalProfile walProfile =
        switch (draws.nextInt(3)) {
          case 0 -> WalProfile.LOCAL;
          case 1 -> WalProfile.BALANCED;
          default -> WalProfile.LATENCY;
        };
    LaneConfig laneConfig =
        new LaneConfig(
            8 << 10 << draws.nextInt(4),
            draws.nextInt(3),
            4_000L << draws.nextInt(6),
            Duration.ofMillis(200L << draws.nextInt(8)),
            1 + draws.nextInt(3),
            Duration.ofMillis(20),
            Duration.ofSeconds(1),
            Duration.ofDays(1),
            new GarbageOptions(32, 1 + draws.nextInt(20), Duration.ofMillis(20)),
            Duration.ofSeconds(1L << draws.nextInt(5)));
    return new BrokerSizes(walProfile, laneConfig, 1L << (19 + draws.nextInt(4)));
  }
}
