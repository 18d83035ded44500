package io.sediment.wal;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.lane.WriteAheadLogs;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/** Write-ahead logs in a bucket. One for the process; lanes share nothing here but the store. */
public final class BucketWriteAheadLogs implements WriteAheadLogs {
  private final WalEnvironment environment;
  private final WalProfile profile;
  private final long incarnation;

  /**
   * @param store must not retry conditional puts by itself
   * @param profile what fits the store's prices
   * @param incarnation under which this process writes
   * @param scheduler its tasks here are short: sorting and checksumming one object at most
   * @param random draws writer ids, so it must be good enough for identities; thread-safe where the
   *     scheduler has several threads
   */
  public BucketWriteAheadLogs(
      ObjectStore store,
      WalProfile profile,
      long incarnation,
      Scheduler scheduler,
      Ticker ticker,
      RandomGenerator random,
      WalMetrics metrics) {
    this.environment = new WalEnvironment(store, scheduler, ticker, random, metrics);
    this.profile = profile;
    this.incarnation = incarnation;
  }

  @Override
  public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
    return new WalWriter(environment, profile, incarnation, lane, epoch, newId(), listener);
  }

  @Override
  public CompletableFuture<List<SortedObject>> seal(
      LaneId lane, WalSlot replayAfter, long newEpoch) {
    return new WalSealer(environment, incarnation, lane, replayAfter, newEpoch, newId()).seal();
  }

  private UUID newId() {
    return new UUID(environment.random().nextLong(), environment.random().nextLong());
  }
}
