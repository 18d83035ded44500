package io.sediment.compactor;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.CompactorTerm;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectStore;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the parts of one attempt share.
 *
 * @param numbers the next number for an object of this term
 */
record JobContext(
    ObjectStore store,
    LaneId lane,
    CompactorTerm term,
    AtomicLong numbers,
    Executor executor,
    CompactionOptions options,
    CompactionPace pace,
    RangeRewriter rewriter,
    DamagedSources damaged) {

  BlockReads blockReads() {
    return new BlockReads(store, lane, damaged);
  }

  ObjectIdentity newObject() {
    return new ObjectIdentity(
        SortedObjectKind.L1,
        term.incarnation(),
        lane,
        term.epoch(),
        numbers.getAndIncrement(),
        term.compactorId());
  }
}
