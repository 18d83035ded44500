package io.sediment.compactor;

import io.sediment.lsm.LaneId;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Scheduler;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * What compactors take from their process.
 *
 * @param store a client of its own keeps compaction's requests from those of the write path
 * @param scheduler threads of its own keep its work from theirs; may have one
 * @param random draws ids, so it must be good enough for identities
 * @param incarnation of the cluster
 * @param budget bounds how much is in memory
 * @param pace shared by all lanes that the process compacts
 * @param liveness what of a lane is wanted, as of now
 */
public record CompactionEnvironment(
    ObjectStore store,
    Scheduler scheduler,
    RandomGenerator random,
    long incarnation,
    MemoryBudget budget,
    CompactionPace pace,
    RangeRewriter rewriter,
    Function<LaneId, CompletableFuture<Liveness>> liveness) {}
