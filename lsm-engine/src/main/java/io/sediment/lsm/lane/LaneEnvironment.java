package io.sediment.lsm.lane;

import io.sediment.objectstore.FileRanges;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import io.sediment.runtime.Turnstile;
import java.time.InstantSource;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What a lane takes from its process.
 *
 * @param store retries reads, not conditional puts
 * @param catchUpStore for reads of old data: a client of its own, with its own connections and
 *     bandwidth; may be {@code store}
 * @param files of the catch-up store, where its objects are local files
 * @param scheduler may have one thread; building an L0 is the longest task on it
 * @param clock only for expiring producers that have long been silent
 * @param random draws ids, so it must be good enough for identities; thread-safe where the
 *     scheduler has several threads
 * @param catchUp how fast all readers of old data together may go
 */
public record LaneEnvironment(
    ObjectStore store,
    ObjectStore catchUpStore,
    Optional<FileRanges> files,
    WriteAheadLogs logs,
    Scheduler scheduler,
    Ticker ticker,
    InstantSource clock,
    RandomGenerator random,
    MemoryBudget budget,
    Turnstile catchUp) {
  /** With a store whose objects are not local files, and no limit for readers. */
  public LaneEnvironment(
      ObjectStore store,
      ObjectStore catchUpStore,
      WriteAheadLogs logs,
      Scheduler scheduler,
      Ticker ticker,
      InstantSource clock,
      RandomGenerator random,
      MemoryBudget budget) {
    this(
        store,
        catchUpStore,
        Optional.empty(),
        logs,
        scheduler,
        ticker,
        clock,
        random,
        budget,
        Turnstile.OPEN);
  }
}
