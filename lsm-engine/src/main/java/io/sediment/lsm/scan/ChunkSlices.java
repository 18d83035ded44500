package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.scan.ReadPlan.Piece;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts whole batches out of chunks: whole blocks where they fit, batch by batch at both ends.
 * Neighbours become one buffer. Takes over the chunks it is given.
 */
final class ChunkSlices {
  private final long offset;
  private final int maxBytes;
  private final boolean atLeastOne;
  private final long bound;
  private final List<ByteBuffer> buffers = new ArrayList<>();
  private final List<Chunk> chunks = new ArrayList<>();
  private long sizeBytes;
  private long nextOffset = -1;
  private boolean isFull;

  // The buffer being gathered: bytes [from, to) of the object that chunk belongs to.
  private @Nullable Chunk chunk;
  private long from;
  private long to;

  ChunkSlices(long offset, int maxBytes, boolean atLeastOne, long bound) {
    this.offset = offset;
    this.maxBytes = maxBytes;
    this.atLeastOne = atLeastOne;
    this.bound = bound;
  }

  /**
   * Adds what fits of a piece whose bytes are in {@code bytes}, up to a damaged block.
   *
   * @throws CorruptObjectException where there is nothing before that block
   */
  void add(Piece piece, Chunk bytes) {
    chunks.add(bytes);
    ObjectIndex index = piece.want().index();
    for (int block = piece.firstBlock(); block < piece.endBlock() && !isFull; block++) {
      CorruptObjectException damage = bytes.damageOf(block);
      if (damage != null) {
        if (sizeBytes == 0) {
          throw damage;
        }
        isFull = true;
        return;
      }
      boolean isWhole =
          index.baseOffset(block) >= offset
              && index.nextOffset(block) <= bound
              && sizeBytes + index.length(block) <= maxBytes;
      if (isWhole) {
        addBytes(bytes, index.position(block), index.length(block), index.nextOffset(block));
      } else {
        addBatches(bytes, index, block);
      }
    }
  }

  private void addBatches(Chunk bytes, ObjectIndex index, int block) {
    ByteBuffer batches = bytes.slice(index.position(block), index.length(block));
    int at = 0;
    while (at < batches.limit() && !isFull) {
      int size = RecordBatchLayout.sizeInBytes(batches, at);
      long next = RecordBatchLayout.lastOffset(batches, at) + 1;
      if (next > offset) {
        boolean fits = sizeBytes + size <= maxBytes || (atLeastOne && sizeBytes == 0);
        if (!fits || RecordBatchLayout.baseOffset(batches, at) >= bound) {
          isFull = true;
        } else {
          addBytes(bytes, index.position(block) + at, size, next);
        }
      }
      at += size;
    }
  }

  private void addBytes(Chunk bytes, long position, int length, long next) {
    if (bytes != chunk || position != to) {
      cutBuffer();
      chunk = bytes;
      from = position;
    }
    to = position + length;
    sizeBytes += length;
    nextOffset = next;
  }

  private void cutBuffer() {
    if (chunk != null) {
      buffers.add(chunk.slice(from, (int) (to - from)));
    }
  }

  boolean isFull() {
    return isFull;
  }

  /** Nothing comes of it. */
  void release() {
    chunks.forEach(Chunk::release);
  }

  BatchSlices toBatchSlices() {
    if (nextOffset < 0) {
      chunks.forEach(Chunk::release);
      return BatchSlices.empty();
    }
    cutBuffer();
    return new BatchSlices(buffers, nextOffset, () -> chunks.forEach(Chunk::release));
  }
}
