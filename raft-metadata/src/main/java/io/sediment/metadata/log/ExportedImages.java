package io.sediment.metadata.log;

import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Publication;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Holds applied images back until the bucket has them, then publishes the newest of those. Called
 * by the thread that applies and by those that learn of exports; thread-safe.
 */
public final class ExportedImages {
  private final Publication publication;

  /** Applied and not published, in order of version. Guarded by this. */
  private final Deque<MetadataImage> heldBack = new ArrayDeque<>();

  /** Who waits for a version to be published. Guarded by this. */
  private final TreeMap<Long, CompletableFuture<Void>> waiting = new TreeMap<>();

  /** Who waits for the bucket to hold more. Guarded by this. */
  private final Set<Awaited> awaited = new LinkedHashSet<>();

  private record Awaited(long index, CompletableFuture<Long> more) {}

  /** Guarded by this. */
  private long exportedIndex = Long.MIN_VALUE;

  public ExportedImages(Publication publication) {
    this.publication = publication;
  }

  /** The state machine has arrived at {@code image}. */
  public void applied(MetadataImage image) {
    synchronized (this) {
      heldBack.add(image);
    }
    publish();
  }

  /** The bucket holds all that was committed up to {@code index}. */
  public void exportedUpTo(long index) {
    synchronized (this) {
      if (index <= exportedIndex) {
        return;
      }
      exportedIndex = index;
    }
    publish();
    awaitedBelow(index).forEach(each -> each.more().complete(index));
  }

  private synchronized List<Awaited> awaitedBelow(long index) {
    return awaited.stream().filter(each -> each.index() < index).toList();
  }

  /** Up to which the bucket holds all that was committed, for all that is known here. */
  public synchronized long exportedIndex() {
    return exportedIndex;
  }

  /**
   * Completes with {@link #exportedIndex} once that is above {@code index}; who completes it before
   * is not waiting any more.
   */
  CompletableFuture<Long> exportedAfter(long index) {
    CompletableFuture<Long> more = new CompletableFuture<>();
    synchronized (this) {
      if (exportedIndex > index) {
        more.complete(exportedIndex);
        return more;
      }
      Awaited waits = new Awaited(index, more);
      awaited.add(waits);
      more.whenComplete((exported, failure) -> forget(waits));
    }
    return more;
  }

  private synchronized void forget(Awaited waited) {
    awaited.remove(waited);
  }

  synchronized int awaitedCount() {
    return awaited.size();
  }

  /** Completes when an image of at least {@code version} is published. */
  public CompletableFuture<Void> published(long version) {
    synchronized (this) {
      if (publication.image().version() >= version) {
        return CompletableFuture.completedFuture(null);
      }
      return waiting.computeIfAbsent(version, any -> new CompletableFuture<>()).copy();
    }
  }

  private void publish() {
    @Nullable MetadataImage newest = null;
    synchronized (this) {
      while (!heldBack.isEmpty() && heldBack.element().version() <= exportedIndex) {
        newest = heldBack.remove();
      }
    }
    if (newest == null) {
      return;
    }
    publication.publish(newest);
    TreeMap<Long, CompletableFuture<Void>> done = new TreeMap<>();
    synchronized (this) {
      var reached = waiting.headMap(publication.image().version(), true);
      done.putAll(reached);
      reached.clear();
    }
    done.values().forEach(future -> future.complete(null));
  }
}
