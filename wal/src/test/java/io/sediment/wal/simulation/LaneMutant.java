package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.lane.WriteAheadLogs;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.ForwardingStore;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One safeguard of the lane taken away, from outside. */
enum LaneMutant {
  NONE(WalMutant.NONE),
  CONFLICT_TAKEN_FOR_SUCCESS(WalMutant.CONFLICT_TAKEN_FOR_SUCCESS),
  ACKED_BEFORE_DURABLE(WalMutant.ACKED_BEFORE_DURABLE),
  NO_FENCE(WalMutant.NO_FENCE),

  /** A sealer takes the unflushed log to begin with the epoch before its own. */
  ONLY_NEWEST_EPOCH_SEALED(WalMutant.NONE) {
    @Override
    WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
      return new ForwardingLogs(logs) {
        @Override
        public CompletableFuture<List<SortedObject>> seal(
            LaneId lane, WalSlot replayAfter, long newEpoch) {
          WalSlot newest = new WalSlot(newEpoch - 1, 0);
          return super.seal(
              lane, replayAfter.compareTo(newest) < 0 ? newest : replayAfter, newEpoch);
        }
      };
    }
  },

  /** The log is fenced and read before the manifest carries the new epoch. */
  WAL_FENCED_BEFORE_MANIFEST(WalMutant.NONE),

  /** What batches do to their producers is left out of the log's objects. */
  PRODUCER_STATE_NOT_IN_FOOTER(WalMutant.NONE) {
    @Override
    WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
      return new ForwardingLogs(logs) {
        @Override
        public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
          return new ForwardingLog(super.open(lane, epoch, listener)) {
            @Override
            public WalSlot append(
                PartitionId partition,
                Slab slab,
                ByteBuffer batch,
                @Nullable ProducerEntry producer) {
              return super.append(partition, slab, batch, null);
            }
          };
        }
      };
    }
  },

  /** What lies beyond the first gap of a sealed epoch counts, too. */
  WAL_OBJECT_READ_BY_PRESENCE(WalMutant.WAL_OBJECT_READ_BY_PRESENCE),

  /** What manifests have named goes before they do. */
  DELETED_WHILE_RETAINED(WalMutant.NONE) {
    @Override
    ObjectStore spoilAll(ObjectStore store, SimScheduler process, long epoch) {
      return new BoundaryNotRaised(store);
    }
  },

  /** What nobody can reach any more stays. */
  GARBAGE_KEPT(WalMutant.NONE) {
    @Override
    ObjectStore spoilAll(ObjectStore store, SimScheduler process, long epoch) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
          return CompletableFuture.completedFuture(null);
        }
      };
    }
  },

  /** Whoever took the process's memory keeps it. */
  MEMORY_NOT_GIVEN_BACK(WalMutant.NONE),

  /** A writer commits onto whatever manifest is the newest, whoever it belongs to. */
  MANIFEST_EPOCH_UNCHECKED(WalMutant.NONE) {
    @Override
    ObjectStore spoilAll(ObjectStore store, SimScheduler process, long epoch) {
      return new ForgedTerm(store, epoch);
    }
  },

  /** Nobody looks whether what was read is what was written. */
  CHECKSUM_UNCHECKED(WalMutant.NONE) {
    @Override
    ObjectStore spoilAll(ObjectStore store, SimScheduler process, long epoch) {
      return new UnseenDamage(store, process);
    }
  },

  /** The memtable is cut where it is, and replay goes on after the slot that is still filling. */
  L0_CUT_OFF_SLOT_BOUNDARY(WalMutant.NONE) {
    @Override
    WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
      return new ForwardingLogs(logs) {
        @Override
        public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
          return new ForwardingLog(super.open(lane, epoch, listener)) {
            @Override
            public WalSlot cut() {
              return super.cut().next();
            }
          };
        }
      };
    }
  };

  private final WalMutant log;

  LaneMutant(WalMutant log) {
    this.log = log;
  }

  /**
   * The store as everything in the mutant's process sees it.
   *
   * @param epoch that was granted to the process
   */
  ObjectStore spoilAll(ObjectStore store, SimScheduler process, long epoch) {
    return store;
  }

  /** The store as the log of the mutant's process sees it. */
  ObjectStore spoil(ObjectStore store, SimScheduler process) {
    return log.spoil(store, process, key -> {});
  }

  WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
    return log.spoil(logs, store);
  }

  static class ForwardingLogs implements WriteAheadLogs {
    private final WriteAheadLogs logs;

    ForwardingLogs(WriteAheadLogs logs) {
      this.logs = logs;
    }

    @Override
    public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
      return logs.open(lane, epoch, listener);
    }

    @Override
    public CompletableFuture<List<SortedObject>> seal(
        LaneId lane, WalSlot replayAfter, long newEpoch) {
      return logs.seal(lane, replayAfter, newEpoch);
    }
  }

  private static class ForwardingLog implements WriteAheadLog {
    private final WriteAheadLog log;

    ForwardingLog(WriteAheadLog log) {
      this.log = log;
    }

    @Override
    public WalSlot append(
        PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {
      return log.append(partition, slab, batch, producer);
    }

    @Override
    public void hurry() {
      log.hurry();
    }

    @Override
    public WalSlot cut() {
      return log.cut();
    }

    @Override
    public long unackedBytes() {
      return log.unackedBytes();
    }

    @Override
    public CompletableFuture<Void> close() {
      return log.close();
    }

    @Override
    public void halt(LaneHaltedException cause) {
      log.halt(cause);
    }
  }
}
