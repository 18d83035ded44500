package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.objectstore.ObjectKey;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Indexes of objects, bounded in memory, each loaded once however many want it. Those of objects
 * written by this process come for free and have half of the memory to themselves, so that a reader
 * walking through old objects does not push out the newest. Thread-safe.
 */
public final class IndexCache {
  private final SortedObjectReader reader;
  private final DirectoryReader directories;
  private final UnaryOperator<PartitionId> intern;
  private final ScanCounters counters;
  private final WeightedLru<ObjectKey, ObjectIndex> own; // guarded by this
  private final WeightedLru<ObjectKey, ObjectIndex> loaded; // guarded by this
  private final Map<ObjectKey, CompletableFuture<ObjectIndex>> loading = new HashMap<>(); // by this

  public IndexCache(
      SortedObjectReader reader,
      DirectoryReader directories,
      long sizeBytesMax,
      UnaryOperator<PartitionId> intern,
      ScanCounters counters) {
    this.reader = reader;
    this.directories = directories;
    this.intern = intern;
    this.counters = counters;
    this.own = new WeightedLru<>(sizeBytesMax / 2);
    this.loaded = new WeightedLru<>(sizeBytesMax / 2);
  }

  /** Remembers an object that this process wrote or has just read the footer of. */
  public void put(SortedObject object) {
    ObjectIndex index = new ObjectIndex(object, intern);
    synchronized (this) {
      if (own.get(object.key()) == null) {
        add(own, index);
      }
    }
  }

  /** Remembers an object of another process that this one has just read the footer of. */
  public void putLoaded(SortedObject object) {
    ObjectIndex index = new ObjectIndex(object, intern);
    synchronized (this) {
      if (own.get(object.key()) == null && loaded.get(object.key()) == null) {
        add(loaded, index);
      }
    }
  }

  @Nullable ObjectIndex getIfPresent(ObjectRef ref) {
    synchronized (this) {
      ObjectIndex index = own.get(ref.key());
      if (index == null) {
        index = loaded.get(ref.key());
      }
      if (index != null) {
        counters.indexHits.increment();
      }
      return index;
    }
  }

  /** The index; fails with {@link ObjectGoneException} where the object is gone. */
  CompletableFuture<ObjectIndex> get(ObjectRef ref) {
    CompletableFuture<ObjectIndex> result;
    synchronized (this) {
      ObjectIndex index = getIfPresent(ref);
      if (index != null) {
        return CompletableFuture.completedFuture(index);
      }
      CompletableFuture<ObjectIndex> underWay = loading.get(ref.key());
      if (underWay != null) {
        return underWay;
      }
      result = new CompletableFuture<>();
      loading.put(ref.key(), result);
    }
    counters.indexLoads.increment();
    load(ref)
        .thenApply(found -> found.orElseThrow(() -> new ObjectGoneException(ref.key())))
        .whenComplete((index, failure) -> finish(ref, result, index, failure));
    return result;
  }

  private CompletableFuture<Optional<ObjectIndex>> load(ObjectRef ref) {
    RunRef run = ref.run();
    return run == null
        ? reader.readDescription(ref.key()).thenApply(found -> found.map(it -> toIndex(ref, it)))
        : directories
            .read(ref.lane(), run)
            .thenApply(found -> found.map(it -> new ObjectIndex(ref.key(), it, intern)));
  }

  private ObjectIndex toIndex(ObjectRef ref, SortedObject object) {
    if (object.length() != ref.length() || object.footerCrc() != ref.checksum()) {
      throw new CorruptObjectException(
          "object is not the one in the manifest: key="
              + ref.key()
              + " expectedLength="
              + ref.length()
              + " actualLength="
              + object.length()
              + " expectedFooterCrc="
              + Integer.toHexString(ref.checksum())
              + " actualFooterCrc="
              + Integer.toHexString(object.footerCrc()));
    }
    return new ObjectIndex(object, intern);
  }

  private void finish(
      ObjectRef ref,
      CompletableFuture<ObjectIndex> result,
      @Nullable ObjectIndex index,
      @Nullable Throwable failure) {
    synchronized (this) {
      loading.remove(ref.key());
      if (index != null && own.get(ref.key()) == null) {
        add(loaded, index);
      }
    }
    if (index != null) {
      result.complete(index);
    } else {
      result.completeExceptionally(failure);
    }
  }

  private static void add(WeightedLru<ObjectKey, ObjectIndex> part, ObjectIndex index) {
    while (!part.hasRoomFor(index.weightBytes()) && part.removeEldest() != null) {
      continue;
    }
    part.add(index.key(), index, index.weightBytes());
  }

  /** Forgets an object that was deleted or found damaged. */
  public synchronized void forget(ObjectKey key) {
    own.remove(key);
    loaded.remove(key);
  }

  synchronized long sizeBytes() {
    return own.weight() + loaded.weight();
  }
}
