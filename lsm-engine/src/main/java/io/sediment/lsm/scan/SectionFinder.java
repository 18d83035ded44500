package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.runtime.Failures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Finds which objects hold a partition. They are in log order, so that a partition's offsets only
 * grow from one to the next, but not every object holds every partition.
 *
 * <p>Walks over indexes in memory in a loop; goes on in a task of its own after one had to be
 * loaded, so that no walk is ever deeper than one step.
 */
final class SectionFinder {
  private static final int INDEXES_AHEAD = 8;

  /**
   * A section.
   *
   * @param ordinal of its object in the list that was searched
   */
  record Found(int ordinal, ObjectIndex index, int section) {
    long nextOffset() {
      return index.sectionNextOffset(section);
    }

    long baseOffset() {
      return index.sectionBaseOffset(section);
    }
  }

  static final CompletableFuture<@Nullable Found> NOWHERE = CompletableFuture.completedFuture(null);

  private final IndexCache indexes;
  private final Executor executor;

  SectionFinder(IndexCache indexes, Executor executor) {
    this.indexes = indexes;
    this.executor = executor;
  }

  /** The first of the objects {@code [from, to)} that holds the partition; null where none does. */
  CompletableFuture<@Nullable Found> next(
      List<ObjectRef> objects, PartitionId partition, int from, int to) {
    for (int ordinal = from; ordinal < to; ordinal++) {
      ObjectIndex index = indexes.getIfPresent(objects.get(ordinal));
      if (index == null) {
        return load(objects, partition, ordinal, to);
      }
      int section = index.section(partition);
      if (section >= 0) {
        return CompletableFuture.completedFuture(new Found(ordinal, index, section));
      }
    }
    return NOWHERE;
  }

  private CompletableFuture<@Nullable Found> load(
      List<ObjectRef> objects, PartitionId partition, int ordinal, int to) {
    CompletableFuture<ObjectIndex> first = indexes.get(objects.get(ordinal));
    for (int ahead = ordinal + 1; ahead < Math.min(to, ordinal + INDEXES_AHEAD); ahead++) {
      indexes.get(objects.get(ahead)); // whoever needs it will see if that fails
    }
    return first.thenComposeAsync(
        index -> {
          int section = index.section(partition);
          return section >= 0
              ? CompletableFuture.completedFuture(new Found(ordinal, index, section))
              : next(objects, partition, ordinal + 1, to);
        },
        executor);
  }

  /**
   * The section behind {@code before}; null where there is none. Where an index on the way is
   * damaged, only one that goes on where {@code before} ends: else there may be one in between.
   */
  CompletableFuture<@Nullable Found> after(
      List<ObjectRef> objects, PartitionId partition, Found before) {
    int from = before.ordinal() + 1;
    CompletableFuture<@Nullable Found> next = next(objects, partition, from, objects.size());
    return orContaining(next, objects, partition, before.nextOffset(), from);
  }

  /**
   * The section that contains {@code offset}, or the first one after it; null where the partition
   * ends below. Where an index on the way is damaged, only what contains the offset: anything else
   * could lie there.
   */
  CompletableFuture<@Nullable Found> locate(
      List<ObjectRef> objects, PartitionId partition, long offset) {
    CompletableFuture<@Nullable Found> found =
        search(objects, partition, offset, 0, objects.size(), null);
    return orContaining(found, objects, partition, offset, 0);
  }

  private CompletableFuture<@Nullable Found> orContaining(
      CompletableFuture<@Nullable Found> found,
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int from) {
    return found.isDone() && !found.isCompletedExceptionally()
        ? found
        : found
            .handle(
                (section, failure) -> {
                  CorruptObjectException damage = damageIn(failure);
                  return damage == null
                      ? found
                      : containing(objects, partition, offset, from, damage);
                })
            .thenCompose(either -> either);
  }

  /**
   * The section that contains {@code offset}, searched for without the order of indexes that cannot
   * be read: one by one. Fails with {@code damage} where there is none, since it may lie there.
   */
  private CompletableFuture<@Nullable Found> containing(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int from,
      CorruptObjectException damage) {
    if (from == objects.size()) {
      return CompletableFuture.failedFuture(damage);
    }
    CompletableFuture<Step> step =
        indexes
            .get(objects.get(from))
            .handle(
                (index, failure) -> {
                  if (failure != null && damageIn(failure) == null) {
                    throw new CompletionException(failure);
                  }
                  return index == null
                      ? Step.PAST
                      : Step.of(from, index, index.section(partition), offset);
                });
    return step.thenComposeAsync(
        here ->
            here.found() != null
                ? CompletableFuture.completedFuture(here.found())
                : containing(
                    objects,
                    partition,
                    offset,
                    here.isBeyond() ? objects.size() : from + 1,
                    damage),
        executor);
  }

  /**
   * @param isBeyond all further sections begin above the offset
   */
  private record Step(@Nullable Found found, boolean isBeyond) {
    static final Step PAST = new Step(null, false);

    static Step of(int ordinal, ObjectIndex index, int section, long offset) {
      if (section < 0 || index.sectionNextOffset(section) <= offset) {
        return PAST;
      }
      return index.sectionBaseOffset(section) > offset
          ? new Step(null, true)
          : new Step(new Found(ordinal, index, section), false);
    }
  }

  /**
   * Where a partition goes on behind damage.
   *
   * @param damaged in which what lies between may be
   * @param found the first section that ends above the offset; null where there is none
   */
  record Beyond(List<ObjectRef> damaged, @Nullable Found found) {}

  /** Leaps over indexes that are damaged; for when {@link #locate} has failed for one. */
  CompletableFuture<Beyond> beyondDamage(
      List<ObjectRef> objects, PartitionId partition, long offset) {
    return beyondDamage(objects, partition, offset, 0, List.of());
  }

  private CompletableFuture<Beyond> beyondDamage(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int from,
      List<ObjectRef> damaged) {
    if (from == objects.size()) {
      return CompletableFuture.completedFuture(new Beyond(damaged, null));
    }
    ObjectRef object = objects.get(from);
    return indexes
        .get(object)
        .handle(
            (index, failure) -> {
              if (failure != null && damageIn(failure) == null) {
                throw new CompletionException(failure);
              }
              return Optional.ofNullable(index);
            })
        .thenComposeAsync(
            readable -> {
              if (readable.isEmpty()) {
                List<ObjectRef> more = new ArrayList<>(damaged);
                more.add(object);
                return beyondDamage(objects, partition, offset, from + 1, more);
              }
              ObjectIndex index = readable.get();
              int section = index.section(partition);
              if (section >= 0 && index.sectionNextOffset(section) > offset) {
                Found found = new Found(from, index, section);
                return CompletableFuture.completedFuture(new Beyond(damaged, found));
              }
              // What lies before a section that ends at or below the offset does so, too.
              return beyondDamage(
                  objects, partition, offset, from + 1, section >= 0 ? List.of() : damaged);
            },
            executor);
  }

  /** What is damaged, where that is why something failed. */
  static @Nullable CorruptObjectException damageIn(@Nullable Throwable failure) {
    return failure != null && Failures.causeOf(failure) instanceof CorruptObjectException damage
        ? damage
        : null;
  }

  /** Binary search: the answer is among {@code [low, high)}, or else it is {@code best}. */
  private CompletableFuture<@Nullable Found> search(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int from,
      int to,
      @Nullable Found bestSoFar) {
    int low = from;
    int high = to;
    Found best = bestSoFar;
    while (low < high) {
      int middle = (low + high) >>> 1;
      CompletableFuture<@Nullable Found> step = next(objects, partition, middle, high);
      if (!step.isDone() || step.isCompletedExceptionally()) {
        int lowNow = low;
        int highNow = high;
        Found bestNow = best;
        return step.thenCompose(
            found -> {
              if (found != null && found.nextOffset() <= offset) {
                return search(objects, partition, offset, found.ordinal() + 1, highNow, bestNow);
              }
              return search(
                  objects, partition, offset, lowNow, middle, found == null ? bestNow : found);
            });
      }
      Found found = step.join();
      if (found != null && found.nextOffset() <= offset) {
        low = found.ordinal() + 1;
      } else {
        high = middle;
        best = found == null ? best : found;
      }
    }
    return CompletableFuture.completedFuture(best);
  }
}
