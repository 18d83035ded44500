package io.sediment.frontend.partition;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.StoredLane;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducersOfLanes;
import io.sediment.lsm.scan.OldestBlocks;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A partition wherever it lies: what the open lane holds of it, and below that what the lanes of
 * its older placements do. It left each of these where the next placement starts, so that the
 * offsets of one go on where those of the other end; it may have come back to one, the open lane
 * included.
 *
 * <p>A read ends with the lane it began in; the next one goes on in the next lane.
 */
final class PlacedPartition implements LanePartition {
  /** Part of a log: all of {@code [startOffset, endOffset)} lies in {@code lane}. */
  record Span(LaneId lane, long startOffset, long endOffset) {}

  private final LanePartition open;
  private final long openStart;
  private final Supplier<@Nullable Partition> placed;
  private final OtherLanes otherLanes;

  /**
   * @param openStart from here on the open lane holds it, without a break
   * @param placed the newest placements; null once the topic is gone
   */
  PlacedPartition(
      LanePartition open,
      long openStart,
      Supplier<@Nullable Partition> placed,
      OtherLanes otherLanes) {
    this.open = open;
    this.openStart = openStart;
    this.placed = placed;
    this.otherLanes = otherLanes;
  }

  /**
   * Where a lane's last unbroken part of a partition begins.
   *
   * @param leaderEpoch of a placement in that lane
   * @param otherwise where there is none of that epoch
   */
  static long startInLane(Partition partition, int leaderEpoch, long otherwise) {
    List<Placement> placements = partition.placements();
    for (int i = placements.size() - 1; i >= 0; i--) {
      Placement placement = placements.get(i);
      if (placement.leaderEpoch() == leaderEpoch) {
        int first = i;
        while (first > 0 && placements.get(first - 1).lane().equals(placement.lane())) {
          first--;
        }
        return placements.get(first).startOffset();
      }
    }
    return otherwise;
  }

  /** The parts of a log that lie below {@code endOffset}, oldest first. */
  static List<Span> spansBelow(long endOffset, Partition partition) {
    List<Span> spans = new ArrayList<>();
    List<Placement> placements = partition.placements();
    for (int i = 0; i < placements.size(); i++) {
      Placement placement = placements.get(i);
      if (placement.startOffset() >= endOffset) {
        break;
      }
      long end =
          i + 1 == placements.size()
              ? endOffset
              : Math.min(endOffset, placements.get(i + 1).startOffset());
      LaneId lane = new LaneId(placement.lane().value());
      Span last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
      if (last != null && last.lane().equals(lane)) {
        spans.set(spans.size() - 1, new Span(lane, last.startOffset(), end));
      } else {
        spans.add(new Span(lane, placement.startOffset(), end));
      }
    }
    return spans;
  }

  private CompletableFuture<StoredLane> lane(Span span) {
    return otherLanes.stored(span.lane(), id(), span.endOffset());
  }

  private List<Span> olderSpans() {
    Partition partition = placed.get();
    return partition == null ? List.of() : spansBelow(openStart, partition);
  }

  @Override
  public PartitionId id() {
    return open.id();
  }

  @Override
  public int leaderEpoch() {
    return open.leaderEpoch();
  }

  @Override
  public long endOffset() {
    return open.endOffset();
  }

  @Override
  public long durableOffset() {
    return open.durableOffset();
  }

  @Override
  public long append(ByteBuffer batch) {
    return open.append(batch);
  }

  @Override
  public CompletableFuture<BatchSlices> read(
      long offset, int maxBytes, boolean atLeastOne, long upTo) {
    if (offset < openStart) {
      for (Span span : olderSpans()) {
        if (offset < span.endOffset()) {
          long bound = Math.min(upTo, span.endOffset());
          return lane(span)
              .thenCompose(lane -> lane.read(id(), offset, maxBytes, atLeastOne, bound))
              .thenCompose(slices -> readOn(slices, offset, maxBytes, atLeastOne, upTo));
        }
      }
    }
    return open.read(offset, maxBytes, atLeastOne, upTo);
  }

  /** Where log compaction left nothing of the rest of a span, the next one has more. */
  private CompletableFuture<BatchSlices> readOn(
      BatchSlices slices, long offset, int maxBytes, boolean atLeastOne, long upTo) {
    long next = slices.nextOffset();
    return slices.isEmpty() && next > offset && next < upTo
        ? read(next, maxBytes, atLeastOne, upTo)
        : CompletableFuture.completedFuture(slices);
  }

  @Override
  public CompletableFuture<OptionalLong> batchForTimestamp(long timestamp, long fromOffset) {
    return fromOffset < openStart
        ? batchForTimestamp(olderSpans(), 0, timestamp, fromOffset)
        : open.batchForTimestamp(timestamp, fromOffset);
  }

  private CompletableFuture<OptionalLong> batchForTimestamp(
      List<Span> spans, int first, long timestamp, long fromOffset) {
    for (int i = first; i < spans.size(); i++) {
      Span span = spans.get(i);
      if (fromOffset < span.endOffset()) {
        int next = i + 1;
        return lane(span)
            .thenCompose(
                lane ->
                    lane.batchForTimestamp(
                        id(),
                        timestamp,
                        Math.max(fromOffset, span.startOffset()),
                        span.endOffset()))
            .thenCompose(
                found ->
                    found.isPresent()
                        ? CompletableFuture.completedFuture(found)
                        : batchForTimestamp(spans, next, timestamp, fromOffset));
      }
    }
    return open.batchForTimestamp(timestamp, Math.max(fromOffset, openStart));
  }

  /** What all lanes together know; the open one inherits what the older ones do. */
  @Override
  public CompletableFuture<List<ProducerEntry>> producers() {
    Partition partition = placed.get();
    return partition == null
        ? open.producers()
        : olderProducers(spansBelow(openStart, partition))
            .thenCompose(this::inheritProducers)
            .thenCompose(done -> open.producers());
  }

  @Override
  public CompletableFuture<Void> inheritProducers(List<ProducerEntry> older) {
    return open.inheritProducers(older);
  }

  /** Mostly the newest of the older lanes has inherited what those before it know. */
  private CompletableFuture<List<ProducerEntry>> olderProducers(List<Span> spans) {
    if (spans.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    int last = spans.size() - 1;
    return producersIn(spans.get(last))
        .thenCompose(
            newest ->
                newest.isInherited()
                    ? CompletableFuture.completedFuture(newest.entries())
                    : producersInAll(spans.subList(0, last))
                        .thenApply(older -> older.add(newest.entries()).entries()));
  }

  private CompletableFuture<ProducersOfLanes> producersInAll(List<Span> spans) {
    CompletableFuture<ProducersOfLanes> all =
        CompletableFuture.completedFuture(new ProducersOfLanes());
    for (Span span : spans) {
      all = all.thenCombine(producersIn(span), (states, here) -> states.add(here.entries()));
    }
    return all;
  }

  private CompletableFuture<StoredLane.Producers> producersIn(Span span) {
    return lane(span).thenCompose(lane -> lane.producers(id()));
  }

  @Override
  public CompletableFuture<OldestBlocks> olderThan(long fromOffset, long timestamp) {
    return inSealedLanes(
            fromOffset,
            (lane, from, upTo, bytesBefore) -> lane.olderThan(id(), from, upTo, timestamp))
        .thenCompose(
            older ->
                older.isAll()
                    ? open.olderThan(older.nextOffset(), timestamp)
                        .thenApply(found -> behind(older, found))
                    : CompletableFuture.completedFuture(older));
  }

  @Override
  public CompletableFuture<OldestBlocks> oldest(long fromOffset, long bytesMax) {
    return inSealedLanes(
            fromOffset,
            (lane, from, upTo, bytesBefore) ->
                lane.oldest(id(), from, upTo, bytesMax - bytesBefore))
        .thenCompose(
            older ->
                older.isAll()
                    ? open.oldest(older.nextOffset(), bytesMax - older.bytes())
                        .thenApply(found -> behind(older, found))
                    : CompletableFuture.completedFuture(older));
  }

  @Override
  public CompletableFuture<Long> bytesFrom(long fromOffset) {
    return inSealedLanes(
            fromOffset,
            (lane, from, upTo, bytesBefore) -> lane.oldest(id(), from, upTo, Long.MAX_VALUE))
        .thenCombine(
            open.bytesFrom(Math.max(fromOffset, openStart)),
            (older, newer) -> older.bytes() + newer);
  }

  private interface SealedSearch {
    CompletableFuture<OldestBlocks> in(StoredLane lane, long from, long upTo, long bytesBefore);
  }

  /** Goes on to the next lane only where all of the one before was found. */
  private CompletableFuture<OldestBlocks> inSealedLanes(long fromOffset, SealedSearch search) {
    return inSealedLanes(olderSpans(), 0, new OldestBlocks(fromOffset, 0, true), search);
  }

  private CompletableFuture<OldestBlocks> inSealedLanes(
      List<Span> spans, int first, OldestBlocks before, SealedSearch search) {
    for (int i = first; i < spans.size(); i++) {
      Span span = spans.get(i);
      if (before.nextOffset() < span.endOffset()) {
        int next = i + 1;
        long from = Math.max(before.nextOffset(), span.startOffset());
        return lane(span)
            .thenCompose(lane -> search.in(lane, from, span.endOffset(), before.bytes()))
            .thenCompose(
                found -> {
                  OldestBlocks soFar = behind(before, found);
                  return found.isAll()
                      ? inSealedLanes(
                          spans,
                          next,
                          new OldestBlocks(span.endOffset(), soFar.bytes(), true),
                          search)
                      : CompletableFuture.completedFuture(soFar);
                });
      }
    }
    return CompletableFuture.completedFuture(before);
  }

  private static OldestBlocks behind(OldestBlocks before, OldestBlocks found) {
    return new OldestBlocks(found.nextOffset(), before.bytes() + found.bytes(), found.isAll());
  }

  /**
   * Other lanes count once they are open; asking opens them. A lane that the partition came back to
   * counts more than once: rather too much than too little.
   */
  @Override
  public long sizeBytes() {
    long bytes = open.sizeBytes();
    for (Span span : olderSpans()) {
      CompletableFuture<StoredLane> lane = lane(span);
      if (lane.isDone() && !lane.isCompletedExceptionally()) {
        bytes += lane.join().sizeBytes(id());
      }
    }
    return bytes;
  }
}
