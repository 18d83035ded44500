package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.scan.ReadPlan.Piece;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.FileRange;
import io.sediment.objectstore.FileRanges;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.Turnstile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Reads whole blocks out of a store of local files as regions of those files, which go to a socket
 * without coming through this process's memory.
 *
 * <p>Every block is verified before, block by block through one small buffer, on the store's own
 * threads. That reads from the disk what is not yet in the page cache, so whoever sends the region
 * finds it there.
 */
final class FileReads {
  /** Less is not worth opening files. */
  private static final int BYTES_MIN = 64 << 10;

  /** Nor are regions that are smaller than this on average. */
  private static final int REGION_BYTES_MIN = 16 << 10;

  /** Files that one read opens at most. */
  private static final int REGIONS_MAX = 16;

  /**
   * Files that all reads have open at most: clients that do not read their answers must not use up
   * what the process may open. A quarter of the smallest common limit.
   */
  static final int FILES_OPEN_MAX = 1024;

  private static final int BUFFER_BYTES = 256 << 10;

  /** Blocks that lie side by side in one object. */
  private static final class Region {
    final ObjectIndex index;
    final ObjectKey dataKey;
    final int firstBlock;
    int endBlock;
    long length;

    Region(ObjectIndex index, int block) {
      this.index = index;
      this.dataKey = index.dataKey(index.chunkOf(block));
      this.firstBlock = block;
      this.endBlock = block;
    }

    boolean isFollowedBy(ObjectIndex next, int block) {
      return next == index
          && block == endBlock
          && next.dataKey(next.chunkOf(block)).equals(dataKey)
          && next.position(block) == position() + length;
    }

    void add(int block) {
      endBlock = block + 1;
      length += index.length(block);
    }

    long position() {
      return index.position(firstBlock);
    }
  }

  private final FileRanges files;
  private final ScanCounters counters;
  private final Semaphore filesLeft = new Semaphore(FILES_OPEN_MAX);
  private final Queue<ByteBuffer> idleBuffers = new ConcurrentLinkedQueue<>(); // one per reader

  FileReads(FileRanges files, ScanCounters counters) {
    this.files = files;
    this.counters = counters;
  }

  /** Where a read from the middle of a block must end for the next one to begin at a block. */
  static long alignment(ReadPlan plan, long offset, long bound) {
    Piece first = plan.pieces().get(0);
    ObjectIndex index = first.want().index();
    return index.baseOffset(first.firstBlock()) < offset
        ? Math.min(bound, index.nextOffset(first.firstBlock()))
        : bound;
  }

  /**
   * The leading blocks of a plan that fit.
   *
   * @param offset to begin at
   * @param bound no block that ends beyond it is taken
   * @param turnstile where the bytes are paid; the caller has passed it
   * @return null where the read is better made in memory, as when it begins in the middle of a
   *     block, or has to be since too many files are open
   */
  @Nullable CompletableFuture<BatchSlices> read(
      ReadPlan plan, long offset, int maxBytes, long bound, Turnstile turnstile) {
    List<Region> regions = new ArrayList<>();
    long bytes = 0;
    long nextOffset = -1;
    for (Piece piece : plan.pieces()) {
      ObjectIndex index = piece.want().index();
      for (int block = piece.firstBlock(); block < piece.endBlock(); block++) {
        boolean fits =
            index.baseOffset(block) >= offset
                && index.nextOffset(block) <= bound
                && bytes + index.length(block) <= maxBytes;
        if (!fits || !add(index, block, regions)) {
          return open(regions, bytes, nextOffset, turnstile);
        }
        bytes += index.length(block);
        nextOffset = index.nextOffset(block);
      }
    }
    return open(regions, bytes, nextOffset, turnstile);
  }

  /** False where that would be one region too many. */
  private static boolean add(ObjectIndex index, int block, List<Region> regions) {
    Region last = regions.isEmpty() ? null : regions.get(regions.size() - 1);
    if (last == null || !last.isFollowedBy(index, block)) {
      if (regions.size() == REGIONS_MAX) {
        return false;
      }
      last = new Region(index, block);
      regions.add(last);
    }
    last.add(block);
    return true;
  }

  private @Nullable CompletableFuture<BatchSlices> open(
      List<Region> regions, long bytes, long nextOffset, Turnstile turnstile) {
    int count = regions.size();
    if (bytes < BYTES_MIN
        || bytes < (long) count * REGION_BYTES_MIN
        || !filesLeft.tryAcquire(count)) {
      return null;
    }
    turnstile.pay(bytes);
    return open(regions, nextOffset);
  }

  private CompletableFuture<BatchSlices> open(List<Region> regions, long nextOffset) {
    List<CompletableFuture<FileRange>> opened = regions.stream().map(this::open).toList();
    return CompletableFuture.allOf(opened.toArray(CompletableFuture[]::new))
        .handle(
            (done, failure) -> {
              if (failure == null) {
                return BatchSlices.inFiles(
                    opened.stream().map(CompletableFuture::join).toList(),
                    nextOffset,
                    () -> filesLeft.release(regions.size()));
              }
              for (CompletableFuture<FileRange> one : opened) {
                if (!one.isCompletedExceptionally()) {
                  one.join().closeQuietly();
                }
              }
              filesLeft.release(regions.size());
              return CompletableFuture.<BatchSlices>failedFuture(failure).join(); // throws
            });
  }

  private CompletableFuture<FileRange> open(Region region) {
    counters.gets.increment();
    counters.fileRegions.increment();
    counters.getBytes.add(region.length);
    ByteRange range = ByteRange.of(region.position(), region.length);
    return ReadAgain.whileCorrupt(
            () -> files.openRange(region.dataKey, range, file -> verify(region, file)))
        .thenApply(
            (Optional<FileRange> found) ->
                found.orElseThrow(() -> new ObjectGoneException(region.dataKey)));
  }

  private void verify(Region region, FileRange file) throws IOException {
    ByteBuffer idle = idleBuffers.poll();
    ByteBuffer buffer = idle == null ? ByteBuffer.allocateDirect(BUFFER_BYTES) : idle;
    try {
      for (int block = region.firstBlock; block < region.endBlock; block++) {
        int length = region.index.length(block);
        if (region.index.position(block) + length - region.position() > file.length()) {
          throw new CorruptObjectException(
              "file ends early: key="
                  + region.dataKey
                  + " length="
                  + file.objectLength()
                  + " "
                  + region.index.block(block));
        }
        ByteBuffer bytes = length <= BUFFER_BYTES ? buffer.clear() : ByteBuffer.allocate(length);
        file.readInto(bytes, region.index.position(block) - region.position(), length);
        SortedObjectReader.verifyBlock(region.dataKey, region.index.block(block), bytes.flip());
      }
    } finally {
      idleBuffers.add(buffer);
    }
  }
}
