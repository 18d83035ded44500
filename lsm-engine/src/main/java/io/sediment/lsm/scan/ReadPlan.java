package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.scan.BlockFetcher.Want;
import io.sediment.lsm.scan.SectionFinder.Found;
import java.util.ArrayList;
import java.util.List;

/**
 * Which blocks a read needs, in offset order, out of one or many objects. Grows section by section;
 * for one thread at a time.
 */
final class ReadPlan {
  private static final int PIECES_MAX = 512;

  /** Adjacent blocks of the partition in one chunk. */
  record Piece(Want want, int firstBlock, int endBlock) {}

  private final PartitionId partition;
  private final long bytesWanted;
  private final long chunkBytesMax;
  private final long bound;
  private final List<Piece> pieces = new ArrayList<>();
  private long nextOffset;
  private long bytes;
  private long chunkBytes;
  private int nextOrdinal;

  /**
   * @param offset to begin at
   * @param bytesWanted blocks are added until there are so many bytes
   * @param chunkBytesMax no further chunk is touched when so many bytes of chunks are: a small
   *     partition has little in each, and what its neighbours in them want must stay cached
   * @param bound no block that begins at or beyond it is needed
   */
  ReadPlan(PartitionId partition, long offset, long bytesWanted, long chunkBytesMax, long bound) {
    this.partition = partition;
    this.nextOffset = offset;
    this.bytesWanted = bytesWanted;
    this.chunkBytesMax = chunkBytesMax;
    this.bound = bound;
  }

  boolean isComplete() {
    return bytes >= bytesWanted
        || chunkBytes >= chunkBytesMax
        || nextOffset >= bound
        || pieces.size() >= PIECES_MAX;
  }

  /** Number of the object to look at next. */
  int nextOrdinal() {
    return nextOrdinal;
  }

  /** Where the plan ends: whatever is alive below it is in the pieces, or nothing was found. */
  long nextOffset() {
    return nextOffset;
  }

  List<Piece> pieces() {
    return pieces;
  }

  List<Want> wants() {
    return pieces.stream().map(Piece::want).toList();
  }

  /**
   * Adds blocks of the next section, which must go on where the plan ends.
   *
   * @throws OffsetGoneException if the lane has nothing of the offset to begin at any more
   */
  void add(Found found) {
    ObjectIndex index = found.index();
    if (found.baseOffset() > nextOffset && pieces.isEmpty()) {
      throw new OffsetGoneException(partition, nextOffset, found.baseOffset());
    }
    if (found.baseOffset() > nextOffset) {
      throw new CorruptObjectException(
          "offsets are missing: partition="
              + partition
              + " expectedOffset="
              + nextOffset
              + " nextObject="
              + index.key()
              + " begins at offset="
              + found.baseOffset());
    }
    nextOrdinal = found.ordinal() + 1;
    int end = index.endBlock(found.section());
    int block = index.blockOf(found.section(), nextOffset);
    while (block < end && !isComplete() && index.baseOffset(block) < bound) {
      block = addPiece(index, block, end);
    }
    // Log compaction may have left nothing of the last offsets, or nothing below the bound.
    if (block == end) {
      nextOffset = Math.max(nextOffset, found.nextOffset());
    } else if (index.baseOffset(block) >= bound) {
      nextOffset = Math.max(nextOffset, bound);
    }
  }

  private int addPiece(ObjectIndex index, int first, int endOfSection) {
    int chunk = index.chunkOf(first);
    int end = Math.min(endOfSection, index.chunkEndBlock(chunk));
    int block = first;
    while (block < end
        && (block == first || (bytes < bytesWanted && index.baseOffset(block) < bound))) {
      bytes += index.length(block);
      nextOffset = index.nextOffset(block);
      block++;
    }
    chunkBytes += index.chunkLength(chunk);
    pieces.add(new Piece(new Want(index, chunk), first, block));
    return block;
  }
}
