package io.sediment.compactor;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.lane.CompactableLane;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.lsm.manifest.ManifestEdit.ReplaceWithRuns;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.wal.ForwardingStore;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/** One safeguard of compaction taken away, from outside. */
enum CompactionMutant {
  NONE,

  /** All compactors take themselves for the same one: none is fenced, objects have two authors. */
  COMPACTOR_EPOCH_UNCHECKED {
    @Override
    RandomGenerator spoil(RandomGenerator ids) {
      return () -> 7;
    }

    @Override
    ObjectStore spoil(ObjectStore store) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          return super.putIfAbsent(key, body)
              .thenApply(result -> new PutResult.Created(new ETag("ours, surely")));
        }
      };
    }
  },

  /** A compaction deletes what it has replaced, as soon as it has. */
  DELETED_WHILE_REFERENCED {
    @Override
    CompactableLane spoil(CompactableLane lane, ObjectStore store) {
      return new CompactableLane() {
        @Override
        public LaneId id() {
          return lane.id();
        }

        @Override
        public CompletableFuture<Manifest> newest() {
          return lane.newest();
        }

        @Override
        public CompletableFuture<Manifest> commit(ManifestEdit edit) {
          return lane.commit(edit)
              .thenCompose(
                  manifest ->
                      edit instanceof ReplaceWithRuns replace
                          ? store
                              .delete(replace.l0().stream().map(ref -> ref.key(lane.id())).toList())
                              .thenApply(deleted -> manifest)
                          : CompletableFuture.completedFuture(manifest));
        }
      };
    }
  },

  /** A run is made part of the lane while its objects are on their way; some never arrive. */
  RUN_PUBLISHED_BEFORE_ITS_OBJECTS {
    @Override
    ObjectStore spoil(ObjectStore store) {
      return new ForwardingStore(store) {
        @Override
        public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
          if (key.hashCode() % 4 != 0) {
            super.putIfAbsent(key, body);
          }
          return CompletableFuture.completedFuture(new PutResult.Created(new ETag("soon")));
        }
      };
    }
  };

  /** The store as compactions see it. */
  ObjectStore spoil(ObjectStore store) {
    return store;
  }

  /** The lane as compactions see it. */
  CompactableLane spoil(CompactableLane lane, ObjectStore store) {
    return lane;
  }

  /** What compactors draw their ids from. */
  RandomGenerator spoil(RandomGenerator ids) {
    return ids;
  }
}
