package io.sediment.cluster;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Turnstile;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.MicrometerWalMetrics;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** What this broker opens and seals lanes with, in whichever incarnation. */
final class BrokerLanes {
  private static final Duration LOCAL_GARBAGE_PERIOD = Duration.ofSeconds(10);

  private final ProcessEnvironment process;
  private final LaneConfig config;
  private final WalMetrics walMetrics;

  BrokerLanes(ProcessEnvironment process) {
    this.process = process;
    this.config = config(process.settings(), process.budget());
    this.walMetrics = new MicrometerWalMetrics(process.meters());
  }

  /** Where requests cost nothing, garbage need not wait. */
  static LaneConfig config(BrokerSettings settings, MemoryBudget budget) {
    LaneConfig config = LaneConfig.forBudget(budget);
    boolean isPriced = settings.storeType() == BrokerSettings.StoreType.S3;
    return config.withGarbage(
        isPriced ? GarbageOptions.DEFAULT : GarbageOptions.LOCAL,
        settings
            .garbageInterval()
            .orElse(isPriced ? config.garbageInterval() : LOCAL_GARBAGE_PERIOD));
  }

  LaneConfig config() {
    return config;
  }

  LaneEnvironment environment(long incarnation) {
    BrokerStores stores = process.stores();
    return new LaneEnvironment(
        stores.main(),
        stores.catchUp(),
        stores.catchUpFiles(),
        new BucketWriteAheadLogs(
            stores.main(),
            walProfile(process.settings()),
            incarnation,
            process.scheduler(),
            process.ticker(),
            process.random(),
            walMetrics),
        process.scheduler(),
        process.ticker(),
        process.clock(),
        process.random(),
        process.budget(),
        new Turnstile(
            process.scheduler(),
            process.ticker(),
            process.settings().catchUpBytesPerSecond().orElse(0L)));
  }

  private static WalProfile walProfile(BrokerSettings settings) {
    if (settings.storeType() != BrokerSettings.StoreType.S3) {
      return WalProfile.LOCAL;
    }
    WalProfile profile =
        switch (settings.walProfile()) {
          case LATENCY -> WalProfile.LATENCY;
          case BALANCED -> WalProfile.BALANCED;
          case COST -> WalProfile.COST;
        };
    return settings.walHedging() ? profile : profile.withoutHedging();
  }

  /** Opens a lane to append to, under an epoch that was granted. */
  CompletableFuture<Lane> open(
      LaneEnvironment environment, LaneId id, long incarnation, long epoch) {
    return Lane.open(
        environment, config, id, incarnation, epoch, LaneMeters.flushes(process.meters()));
  }
}
