package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Where what lies in one sorted object: its footer as arrays of primitives, since a lane of ten
 * thousand partitions has ten thousand sections in every object. Immutable.
 *
 * <p>Blocks are numbered in the order they lie. Neighbours are grouped into <em>chunks</em>, the
 * unit of reading and caching, so that small sections do not cost a GET each: a chunk has up to
 * {@link #CHUNK_SIZE_BYTES}, or is one larger block.
 */
final class ObjectIndex {
  static final int CHUNK_SIZE_BYTES = 1 << 20;

  private final ObjectKey key;
  private final PartitionId[] partitions;
  private final int[] sectionStarts; // first block of each section, and one past the last
  private final int[] chunkStarts; // first block of each chunk, and one past the last
  private final long[] baseOffsets;
  private final long[] lastOffsets;
  private final long[] positions;
  private final long[] maxTimestamps; // running maximum within the section
  private final int[] lengths;
  private final int[] leaderEpochs;
  private final int[] crcs;

  /**
   * @param intern gives the instance of a partition id that is kept anyway
   */
  ObjectIndex(SortedObject object, UnaryOperator<PartitionId> intern) {
    List<Section> sections = object.sections();
    int blocks = 0;
    for (Section section : sections) {
      blocks += section.blocks().size();
    }
    key = object.key();
    partitions = new PartitionId[sections.size()];
    sectionStarts = new int[sections.size() + 1];
    baseOffsets = new long[blocks];
    lastOffsets = new long[blocks];
    positions = new long[blocks];
    maxTimestamps = new long[blocks];
    lengths = new int[blocks];
    leaderEpochs = new int[blocks];
    crcs = new int[blocks];
    int number = 0;
    for (int s = 0; s < partitions.length; s++) {
      Section section = sections.get(s);
      partitions[s] = intern.apply(section.partition());
      sectionStarts[s] = number;
      for (Block block : section.blocks()) {
        baseOffsets[number] = block.baseOffset();
        lastOffsets[number] = block.lastOffset();
        positions[number] = block.position();
        maxTimestamps[number] = block.maxTimestamp();
        lengths[number] = block.length();
        leaderEpochs[number] = block.leaderEpoch();
        crcs[number] = block.crc32c();
        number++;
      }
    }
    sectionStarts[partitions.length] = number;
    chunkStarts = groupIntoChunks();
  }

  private int[] groupIntoChunks() {
    int[] starts = new int[lengths.length + 1];
    int chunks = 0;
    long size = Long.MAX_VALUE;
    for (int block = 0; block < lengths.length; block++) {
      if (size > CHUNK_SIZE_BYTES - lengths[block]) {
        starts[chunks++] = block;
        size = 0;
      }
      size += lengths[block];
    }
    starts[chunks++] = lengths.length;
    return Arrays.copyOf(starts, chunks);
  }

  ObjectKey key() {
    return key;
  }

  /** Number of sections. */
  int sections() {
    return partitions.length;
  }

  PartitionId partition(int section) {
    return partitions[section];
  }

  /** Bytes of all blocks of the section. */
  long sectionLength(int section) {
    int last = endBlock(section) - 1;
    return positions[last] + lengths[last] - positions[firstBlock(section)];
  }

  /** Number of the partition's section, negative where there is none. */
  int section(PartitionId partition) {
    return Arrays.binarySearch(partitions, partition);
  }

  int firstBlock(int section) {
    return sectionStarts[section];
  }

  /** One past the last block of the section. */
  int endBlock(int section) {
    return sectionStarts[section + 1];
  }

  long baseOffset(int block) {
    return baseOffsets[block];
  }

  long nextOffset(int block) {
    return lastOffsets[block] + 1;
  }

  long position(int block) {
    return positions[block];
  }

  int length(int block) {
    return lengths[block];
  }

  /** Largest timestamp of the section up to the end of this block. */
  long maxTimestamp(int block) {
    return maxTimestamps[block];
  }

  /** Offset after the last record of the section. */
  long sectionNextOffset(int section) {
    return nextOffset(endBlock(section) - 1);
  }

  /** The block that holds {@code offset}, or the first one after it. */
  int blockOf(int section, long offset) {
    int low = firstBlock(section);
    int high = endBlock(section);
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (lastOffsets[middle] < offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  Block block(int block) {
    return new Block(
        baseOffsets[block],
        lastOffsets[block],
        positions[block],
        lengths[block],
        maxTimestamps[block],
        leaderEpochs[block],
        crcs[block]);
  }

  int chunkOf(int block) {
    int found = Arrays.binarySearch(chunkStarts, block);
    return found >= 0 ? found : -found - 2;
  }

  int chunkFirstBlock(int chunk) {
    return chunkStarts[chunk];
  }

  int chunkEndBlock(int chunk) {
    return chunkStarts[chunk + 1];
  }

  long chunkPosition(int chunk) {
    return positions[chunkStarts[chunk]];
  }

  int chunkLength(int chunk) {
    int last = chunkStarts[chunk + 1] - 1;
    return Math.toIntExact(positions[last] + lengths[last] - chunkPosition(chunk));
  }

  /** Rough size in memory. */
  int weightBytes() {
    return 200 + 12 * partitions.length + 52 * lengths.length;
  }
}
