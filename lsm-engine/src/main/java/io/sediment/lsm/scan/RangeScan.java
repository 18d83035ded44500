package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.scan.BlockFetcher.Want;
import io.sediment.lsm.scan.ReadPlan.Piece;
import io.sediment.lsm.scan.SectionFinder.Found;
import io.sediment.objectstore.FileRanges;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Turnstile;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Reads a partition out of the objects of a lane.
 *
 * <p>A read is planned first: the indexes of as many objects as it takes name the blocks for up to
 * its byte limit. Then all of them are fetched at once, so that a partition whose data is spread
 * over many objects costs one round trip, not one per object. A reader that comes back for more
 * finds the next ones on their way (see {@link Readahead}).
 */
public final class RangeScan {
  /** So many of the newest objects belong to readers just behind the tail. */
  private static final int RECENT_OBJECTS = 4;

  /** One read touches at most this part of the cache. */
  private static final int CHUNK_BYTES_SHARE = 4;

  private static final int READERS_REMEMBERED = 16_384;

  private final SectionFinder finder;
  private final BlockFetcher recent;
  private final BlockFetcher catchUp;
  private final Executor executor;
  private final @Nullable FileReads files;
  private final Turnstile turnstile;
  private final long chunkBytesMax;
  private final Map<PartitionId, Readahead> readers = // guarded by itself
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<PartitionId, Readahead> eldest) {
          return size() > READERS_REMEMBERED;
        }
      };

  /**
   * @param recent the store for the newest objects
   * @param catchUp the store for all others; a client of its own keeps them apart
   * @param files where the objects are local files: large reads are answered with regions of them
   * @param turnstile that reads of what is not recent pass
   */
  public RangeScan(
      IndexCache indexes,
      BlockCache blocks,
      ObjectStore recent,
      ObjectStore catchUp,
      Optional<FileRanges> files,
      MemoryBudget budget,
      Executor executor,
      ScanCounters counters,
      Turnstile turnstile) {
    this.turnstile = turnstile;
    this.finder = new SectionFinder(indexes, executor);
    this.recent = new BlockFetcher(recent, blocks, budget, counters, Turnstile.OPEN);
    this.catchUp = new BlockFetcher(catchUp, blocks, budget, counters, turnstile);
    this.files = files.map(ranges -> new FileReads(ranges, counters)).orElse(null);
    this.executor = executor;
    this.chunkBytesMax = Math.max(1, blocks.partBytes() / CHUNK_BYTES_SHARE);
  }

  /**
   * Whole batches from the one that contains {@code offset} on.
   *
   * @param objects in log order
   * @param maxBytes no batch is added that would exceed this, except the first one when {@code
   *     atLeastOne}
   * @param atLeastOne also waits for its turn, and for memory where there is none; for callers that
   *     hold no slices. Without it the read comes back empty then
   * @param bound batches that begin at or beyond it are left out
   * @return empty where the objects hold nothing of the partition at or above {@code offset}; empty
   *     too, but with a next offset above it, where log compaction left nothing up to there. Fails
   *     with {@link ObjectGoneException} where an object is not there any more
   */
  public CompletableFuture<BatchSlices> read(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int maxBytes,
      boolean atLeastOne,
      long bound) {
    ReadPlan plan = new ReadPlan(partition, offset, Math.max(1, maxBytes), chunkBytesMax, bound);
    return plan(objects, partition, offset, plan)
        .thenCompose(
            planned -> {
              if (planned.pieces().isEmpty()) {
                return CompletableFuture.completedFuture(
                    planned.nextOffset() > offset
                        ? BatchSlices.emptyUpTo(planned.nextOffset())
                        : BatchSlices.empty());
              }
              Turnstile before =
                  readClass(objects, planned) == ReadClass.RECENT ? Turnstile.OPEN : turnstile;
              if (!before.isOpen() && !atLeastOne) {
                return CompletableFuture.completedFuture(BatchSlices.empty());
              }
              return before
                  .pass()
                  .thenCompose(
                      go ->
                          readPlanned(
                              objects,
                              partition,
                              offset,
                              maxBytes,
                              atLeastOne,
                              bound,
                              planned,
                              before));
            });
  }

  private CompletableFuture<BatchSlices> readPlanned(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int maxBytes,
      boolean atLeastOne,
      long bound,
      ReadPlan planned,
      Turnstile passed) {
    CompletableFuture<BatchSlices> fromFiles =
        files == null ? null : files.read(planned, offset, maxBytes, bound, passed);
    return fromFiles == null
        ? readInMemory(
            objects,
            partition,
            offset,
            maxBytes,
            atLeastOne,
            files == null ? bound : FileReads.alignment(planned, offset, bound),
            planned)
        : fromFiles
            .handle(
                (slices, failure) ->
                    SectionFinder.damageIn(failure)
                            != null // somewhere in it: memory has what comes before
                        ? readInMemory(
                            objects, partition, offset, maxBytes, atLeastOne, bound, planned)
                        : fromFiles)
            .thenCompose(read -> read);
  }

  private CompletableFuture<BatchSlices> readInMemory(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      int maxBytes,
      boolean atLeastOne,
      long bound,
      ReadPlan planned) {
    ReadClass readClass = readClass(objects, planned);
    List<CompletableFuture<Chunk>> chunks =
        fetcher(readClass).demand(planned.wants(), readClass, atLeastOne);
    if (chunks.isEmpty()) {
      return CompletableFuture.completedFuture(BatchSlices.empty());
    }
    ChunkSlices slices = new ChunkSlices(offset, maxBytes, atLeastOne, bound);
    return gather(planned.pieces(), chunks, slices)
        .thenApply(read -> readOn(objects, partition, offset, bound, readClass, read));
  }

  private static ReadClass readClass(List<ObjectRef> objects, ReadPlan plan) {
    return plan.nextOrdinal() > objects.size() - RECENT_OBJECTS
        ? ReadClass.RECENT
        : ReadClass.CATCH_UP;
  }

  private BlockFetcher fetcher(ReadClass readClass) {
    return readClass == ReadClass.RECENT ? recent : catchUp;
  }

  // -- planning ----------------------------------------------------------------------------------

  private CompletableFuture<ReadPlan> plan(
      List<ObjectRef> objects, PartitionId partition, long offset, ReadPlan plan) {
    return finder
        .locate(objects, partition, offset)
        .thenCompose(found -> extend(objects, partition, plan, found));
  }

  private CompletableFuture<ReadPlan> extend(
      List<ObjectRef> objects, PartitionId partition, ReadPlan plan, @Nullable Found first) {
    Found found = first;
    while (found != null) {
      plan.add(found);
      if (plan.isComplete()) {
        break;
      }
      CompletableFuture<@Nullable Found> next = finder.after(objects, partition, found);
      if (!next.isDone() || next.isCompletedExceptionally()) {
        return next.handle(
                (more, failure) ->
                    failure == null
                        ? extend(objects, partition, plan, more)
                        // Makes the read shorter; whoever comes back for what is there is told.
                        : SectionFinder.damageIn(failure) != null
                            ? CompletableFuture.completedFuture(plan)
                            : CompletableFuture.<ReadPlan>failedFuture(failure))
            .thenCompose(either -> either);
      }
      found = next.join();
    }
    return CompletableFuture.completedFuture(plan);
  }

  // -- gathering ---------------------------------------------------------------------------------

  /** Waits for all chunks; a failure after the first one only makes the read shorter. */
  private static CompletableFuture<BatchSlices> gather(
      List<Piece> pieces, List<CompletableFuture<Chunk>> chunks, ChunkSlices slices) {
    return CompletableFuture.allOf(chunks.toArray(CompletableFuture[]::new))
        .handle(
            (done, failure) -> {
              if (chunks.get(0).isCompletedExceptionally()) {
                releaseFrom(1, chunks);
                chunks.get(0).join(); // throws
              }
              int next = 0;
              while (next < chunks.size()
                  && !chunks.get(next).isCompletedExceptionally()
                  && !slices.isFull()) {
                Chunk chunk = chunks.get(next).join();
                next++;
                try {
                  slices.add(pieces.get(next - 1), chunk);
                } catch (CorruptObjectException damaged) {
                  slices.release();
                  releaseFrom(next, chunks);
                  throw damaged;
                }
              }
              releaseFrom(next, chunks);
              return slices.toBatchSlices();
            });
  }

  private static void releaseFrom(int first, List<CompletableFuture<Chunk>> chunks) {
    for (CompletableFuture<Chunk> chunk : chunks.subList(first, chunks.size())) {
      if (!chunk.isCompletedExceptionally()) {
        chunk.join().release();
      }
    }
  }

  // -- reading ahead -----------------------------------------------------------------------------

  private BatchSlices readOn(
      List<ObjectRef> objects,
      PartitionId partition,
      long offset,
      long bound,
      ReadClass readClass,
      BatchSlices read) {
    if (!read.isEmpty() && read.nextOffset() < bound) {
      int window = readahead(partition).windowBytes(offset, read.nextOffset());
      if (window > 0) {
        executor.execute(
            () ->
                plan(
                        objects,
                        partition,
                        read.nextOffset(),
                        new ReadPlan(partition, read.nextOffset(), window, chunkBytesMax, bound))
                    .thenAccept(plan -> fetcher(readClass).prefetch(plan.wants(), readClass)));
      }
    }
    return read;
  }

  private Readahead readahead(PartitionId partition) {
    synchronized (readers) {
      return readers.computeIfAbsent(partition, unknown -> new Readahead());
    }
  }

  // -- by time -----------------------------------------------------------------------------------

  /**
   * Offset of the first batch at or above {@code fromOffset} that has a timestamp at or above
   * {@code timestamp}; of a batch that contains {@code fromOffset} it is that offset.
   */
  public CompletableFuture<OptionalLong> batchForTimestamp(
      List<ObjectRef> objects, PartitionId partition, long timestamp, long fromOffset, long bound) {
    TimeSearch search = new TimeSearch(objects, partition, timestamp, fromOffset, bound);
    return finder.locate(objects, partition, fromOffset).thenCompose(search::inSection);
  }

  private final class TimeSearch {
    private final List<ObjectRef> objects;
    private final PartitionId partition;
    private final long timestamp;
    private final long fromOffset;
    private final long bound;

    TimeSearch(
        List<ObjectRef> objects,
        PartitionId partition,
        long timestamp,
        long fromOffset,
        long bound) {
      this.objects = objects;
      this.partition = partition;
      this.timestamp = timestamp;
      this.fromOffset = fromOffset;
      this.bound = bound;
    }

    CompletableFuture<OptionalLong> inSection(@Nullable Found first) {
      Found found = first;
      while (found != null && found.baseOffset() < bound) {
        ObjectIndex index = found.index();
        int end = index.endBlock(found.section());
        if (index.firstBlock(found.section()) < end && index.maxTimestamp(end - 1) >= timestamp) {
          return inBlocks(found, index.blockOf(found.section(), fromOffset), end);
        }
        CompletableFuture<@Nullable Found> next = next(found);
        if (!next.isDone() || next.isCompletedExceptionally()) {
          return next.thenCompose(this::inSection);
        }
        found = next.join();
      }
      return CompletableFuture.completedFuture(OptionalLong.empty());
    }

    private CompletableFuture<@Nullable Found> next(Found found) {
      return found.nextOffset() >= bound
          ? SectionFinder.NOWHERE
          : finder.after(objects, partition, found);
    }

    /**
     * The running maximum tells which blocks cannot hold it; once it has been reached, an earlier
     * block may be why, so the batches themselves are asked.
     */
    private CompletableFuture<OptionalLong> inBlocks(Found found, int from, int end) {
      ObjectIndex index = found.index();
      int block = from;
      while (block < end && index.maxTimestamp(block) < timestamp) {
        block++;
      }
      if (block == end) {
        return next(found).thenCompose(this::inSection);
      }
      int candidate = block;
      Want want = new Want(index, index.chunkOf(block));
      return catchUp
          .demand(List.of(want), ReadClass.CATCH_UP, true)
          .get(0)
          .thenComposeAsync(
              chunk -> {
                OptionalLong offset;
                try {
                  offset = inBlock(chunk, index, candidate);
                } finally {
                  chunk.release();
                }
                return offset.isPresent()
                    ? CompletableFuture.completedFuture(offset)
                    : inBlocks(found, candidate + 1, end);
              },
              executor);
    }

    private OptionalLong inBlock(Chunk chunk, ObjectIndex index, int block) {
      CorruptObjectException damage = chunk.damageOf(block);
      if (damage != null) {
        throw damage;
      }
      ByteBuffer batches = chunk.slice(index.position(block), index.length(block));
      int at = 0;
      while (at < batches.limit()) {
        long base = RecordBatchLayout.baseOffset(batches, at);
        if (base < bound
            && RecordBatchLayout.lastOffset(batches, at) >= fromOffset
            && RecordBatchLayout.maxTimestamp(batches, at) >= timestamp) {
          return OptionalLong.of(Math.max(base, fromOffset));
        }
        at += RecordBatchLayout.sizeInBytes(batches, at);
      }
      return OptionalLong.empty();
    }
  }
}
