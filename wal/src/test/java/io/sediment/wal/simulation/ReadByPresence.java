package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.lane.WriteAheadLogs;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.ObjectStore;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A sealer takes for part of the log what it finds beyond the fences, too. */
final class ReadByPresence implements WriteAheadLogs {
  private static final int SLOTS_LOOKED_AT = 8;

  private final WriteAheadLogs logs;
  private final SortedObjectReader reader;

  ReadByPresence(WriteAheadLogs logs, ObjectStore store) {
    this.logs = logs;
    this.reader = new SortedObjectReader(store);
  }

  @Override
  public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
    return logs.open(lane, epoch, listener);
  }

  @Override
  public CompletableFuture<List<SortedObject>> seal(
      LaneId lane, WalSlot replayAfter, long newEpoch) {
    return logs.seal(lane, replayAfter, newEpoch)
        .thenCompose(before -> withWhatLiesBeyond(lane, replayAfter, newEpoch, before));
  }

  private CompletableFuture<List<SortedObject>> withWhatLiesBeyond(
      LaneId lane, WalSlot replayAfter, long newEpoch, List<SortedObject> sealed) {
    List<CompletableFuture<Optional<SortedObject>>> looks = new ArrayList<>();
    for (long epoch = Math.max(1, replayAfter.epoch()); epoch < newEpoch; epoch++) {
      WalSlot last = new WalSlot(epoch, epoch == replayAfter.epoch() ? replayAfter.seq() : 0);
      for (SortedObject object : sealed) {
        if (object.identity().epoch() == epoch) {
          last = new WalSlot(epoch, object.identity().number());
        }
      }
      WalSlot fence = last.next();
      for (int i = 1; i <= SLOTS_LOOKED_AT; i++) {
        WalSlot beyond = new WalSlot(epoch, fence.seq() + i);
        looks.add(reader.readDescription(new LaneKeys(lane).wal(beyond)));
      }
    }
    return CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new))
        .thenApply(
            done -> {
              List<SortedObject> all = new ArrayList<>(sealed);
              looks.forEach(look -> look.join().filter(ReadByPresence::isData).ifPresent(all::add));
              all.sort(
                  Comparator.comparingLong((SortedObject object) -> object.identity().epoch())
                      .thenComparingLong(object -> object.identity().number()));
              return all;
            });
  }

  private static boolean isData(SortedObject object) {
    return object.identity().kind() == SortedObjectKind.WAL;
  }
}
