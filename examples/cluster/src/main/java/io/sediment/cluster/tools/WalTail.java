package io.sediment.cluster.tools;

import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectReader;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/**
 * The part of a lane's log that no manifest names yet: from behind {@code replayAfter}, epoch by
 * epoch, each up to its fence or to the first gap.
 */
final class WalTail {
  private static final int READS_AHEAD = 16;

  /** What is met on the way. */
  interface Visitor {
    /** An object before the end of its epoch. */
    void object(SortedObject object);

    /**
     * An epoch ends: at a fence, or where nothing is yet.
     *
     * @param end the slot of the fence or of the gap
     */
    void epochEnds(WalSlot end, boolean isFenced);
  }

  private final BucketView bucket;
  private final SortedObjectReader reader;

  WalTail(BucketView bucket) {
    this.bucket = bucket;
    this.reader = new SortedObjectReader(bucket.store());
  }

  void walk(Manifest manifest, Visitor visitor) {
    WalSlot after = manifest.replayAfter();
    for (long epoch = Math.max(1, after.epoch()); epoch <= manifest.term().epoch(); epoch++) {
      long seq = epoch == after.epoch() ? after.seq() + 1 : 1;
      walkEpoch(new LaneKeys(manifest.lane()), new WalSlot(epoch, seq), visitor);
    }
  }

  private void walkEpoch(LaneKeys keys, WalSlot from, Visitor visitor) {
    Queue<CompletableFuture<Optional<SortedObject>>> ahead = new ArrayDeque<>();
    long nextSeq = from.seq();
    WalSlot slot = from;
    while (true) {
      while (ahead.size() < READS_AHEAD) {
        ahead.add(reader.readDescription(keys.wal(new WalSlot(from.epoch(), nextSeq++))));
      }
      Optional<SortedObject> found = bucket.await(ahead.remove());
      if (found.isEmpty() || found.get().identity().kind() == SortedObjectKind.FENCE) {
        visitor.epochEnds(slot, found.isPresent());
        return;
      }
      visitor.object(found.get());
      slot = slot.next();
    }
  }
}
