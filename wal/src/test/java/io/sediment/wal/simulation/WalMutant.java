package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.lane.WriteAheadLogs;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.ForwardingStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** One safeguard of the log taken away, from outside. */
enum WalMutant {
  NONE,

  /** A slot is acknowledged as soon as its own put is. */
  ACK_OUT_OF_ORDER {
    @Override
    ObjectStore spoil(ObjectStore store, SimScheduler process, Consumer<ObjectKey> created) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          CompletableFuture<PutResult> put = super.putIfAbsent(key, body);
          put.thenAccept(
              result -> {
                if (result instanceof PutResult.Created) {
                  created.accept(key);
                }
              });
          return put;
        }
      };
    }
  },

  /** A 412 is passed off as success. */
  CONFLICT_TAKEN_FOR_SUCCESS {
    @Override
    ObjectStore spoil(ObjectStore store, SimScheduler process, Consumer<ObjectKey> created) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          return super.putIfAbsent(key, body).thenApply(result -> CREATED);
        }
      };
    }
  },

  /** A put counts as done when it is sent. */
  ACKED_BEFORE_DURABLE {
    @Override
    ObjectStore spoil(ObjectStore store, SimScheduler process, Consumer<ObjectKey> created) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          CompletableFuture<PutResult> early = new CompletableFuture<>();
          super.putIfAbsent(key, ObjectBody.of(body.toByteArray()));
          process.execute(() -> early.complete(CREATED));
          return early;
        }
      };
    }
  },

  /** A put that takes long is given up, and its buffers with it, while it is still being sent. */
  BUFFER_RELEASED_EARLY {
    @Override
    ObjectStore spoil(ObjectStore store, SimScheduler process, Consumer<ObjectKey> created) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          CompletableFuture<PutResult> bounded = new CompletableFuture<>();
          super.putIfAbsent(key, body)
              .whenComplete(
                  (result, failure) -> {
                    if (result != null) {
                      bounded.complete(result);
                    } else {
                      bounded.completeExceptionally(failure);
                    }
                  });
          process.schedule(
              () ->
                  bounded.completeExceptionally(
                      new ObjectStoreException.Unavailable("given up: " + key, null)),
              Duration.ofMillis(150));
          return bounded;
        }
      };
    }
  },

  /** Fences are collected like any other old object. */
  FENCE_DELETED,

  /** A sealer takes a gap for the end of the epoch and puts no fence there. */
  NO_FENCE {
    @Override
    ObjectStore spoil(ObjectStore store, SimScheduler process, Consumer<ObjectKey> created) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          return body.length() > FENCE_LENGTH_MAX
              ? super.putIfAbsent(key, body)
              : CompletableFuture.completedFuture(CREATED);
        }
      };
    }
  },

  /** A sealer looks at the epoch before its own and at none below. */
  ONLY_NEWEST_EPOCH_SEALED {
    @Override
    WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
      return new WriteAheadLogs() {
        @Override
        public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
          return logs.open(lane, epoch, listener);
        }

        @Override
        public CompletableFuture<List<SortedObject>> seal(
            LaneId lane, WalSlot replayAfter, long newEpoch) {
          return logs.seal(lane, new WalSlot(newEpoch - 1, 0), newEpoch);
        }
      };
    }
  },

  /** A sealer takes for part of the log what it finds beyond the fences, too. */
  WAL_OBJECT_READ_BY_PRESENCE {
    @Override
    WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
      return new ReadByPresence(logs, store);
    }
  };

  private static final PutResult CREATED = new PutResult.Created(new ETag("mutant"));
  private static final long FENCE_LENGTH_MAX = 80;

  /**
   * The store as the mutant's process sees it.
   *
   * @param created told of every object the store says it created
   */
  ObjectStore spoil(ObjectStore store, SimScheduler process, Consumer<ObjectKey> created) {
    return store;
  }

  WriteAheadLogs spoil(WriteAheadLogs logs, ObjectStore store) {
    return logs;
  }
}
