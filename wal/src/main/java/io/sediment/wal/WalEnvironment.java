package io.sediment.wal;

import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.util.random.RandomGenerator;

/**
 * What writers and sealers reach the outside through.
 *
 * @param store does not retry conditional puts by itself
 * @param random thread-safe where the scheduler has several threads
 */
record WalEnvironment(
    ObjectStore store,
    Scheduler scheduler,
    Ticker ticker,
    RandomGenerator random,
    WalMetrics metrics) {}
