package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.object.SortedObject;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Opens and seals write-ahead logs; what the {@code wal} module plugs into the lane. */
public interface WriteAheadLogs {
  /** Begins an epoch that nobody has written to. The manifest must already carry this epoch. */
  WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener);

  /**
   * Puts a fence at the first gap of every epoch from {@code replayAfter.epoch()} up to, not
   * including, {@code newEpoch}, in ascending order, and reads the footers of the objects between
   * {@code replayAfter} and the fences. Idempotent; two sealers at once agree.
   *
   * <p>Call it only after the manifest carries {@code newEpoch}: otherwise a zombie could publish
   * an L0 and have slots deleted that this call is walking over.
   *
   * @return the sealed objects in slot order: with the L0s of the manifest they are the whole log
   *     of those epochs
   */
  CompletableFuture<List<SortedObject>> seal(LaneId lane, WalSlot replayAfter, long newEpoch);
}
