package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.RunBlock;
import io.sediment.lsm.run.RunSection;
import io.sediment.objectstore.ObjectKey;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where what lies in one sorted object or one run: its footer or directory as arrays of primitives,
 * since a lane of ten thousand partitions has ten thousand sections in each. Immutable.
 *
 * <p>Blocks are numbered in the order of the index. Those that lie side by side are grouped into
 * <em>chunks</em>, the unit of reading and caching, so that small sections do not cost a GET each:
 * a chunk has up to {@link #CHUNK_SIZE_BYTES}, or is one larger block. A run's blocks may lie in
 * several objects; a chunk never does.
 */
final class ObjectIndex {
  static final int CHUNK_SIZE_BYTES = 1 << 20;

  private final ObjectKey key;
  private final ObjectKey[] dataKeys; // of the objects that blocks lie in
  private final int @Nullable [] dataKeyOf; // of each block; null where there is one object
  private final PartitionId[] partitions;
  private final long[] fromOffsets; // of each section
  private final long[] toOffsets;
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
    dataKeys = new ObjectKey[] {key};
    dataKeyOf = null;
    partitions = new PartitionId[sections.size()];
    fromOffsets = new long[sections.size()];
    toOffsets = new long[sections.size()];
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
      fromOffsets[s] = section.baseOffset();
      toOffsets[s] = section.nextOffset();
      for (Block block : section.blocks()) {
        set(number++, block);
      }
    }
    sectionStarts[partitions.length] = number;
    chunkStarts = groupIntoChunks();
  }

  /**
   * @param key of the directory
   * @param intern gives the instance of a partition id that is kept anyway
   */
  ObjectIndex(ObjectKey key, Directory directory, UnaryOperator<PartitionId> intern) {
    List<RunSection> sections =
        directory.sections().stream().filter(RunSection::hasOffsets).toList();
    int blocks = 0;
    for (RunSection section : sections) {
      blocks += section.blocks().size();
    }
    this.key = key;
    dataKeys =
        directory.objects().stream()
            .map(object -> object.key(directory.lane()))
            .toArray(ObjectKey[]::new);
    int[] objectOf = new int[blocks];
    dataKeyOf = objectOf;
    partitions = new PartitionId[sections.size()];
    fromOffsets = new long[sections.size()];
    toOffsets = new long[sections.size()];
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
      RunSection section = sections.get(s);
      partitions[s] = intern.apply(section.partition());
      sectionStarts[s] = number;
      fromOffsets[s] = section.fromOffset();
      toOffsets[s] = section.toOffset();
      for (RunBlock each : section.blocks()) {
        objectOf[number] = each.object();
        set(number++, each.block());
      }
    }
    sectionStarts[partitions.length] = number;
    chunkStarts = groupIntoChunks();
  }

  private void set(int number, Block block) {
    baseOffsets[number] = block.baseOffset();
    lastOffsets[number] = block.lastOffset();
    positions[number] = block.position();
    maxTimestamps[number] = block.maxTimestamp();
    lengths[number] = block.length();
    leaderEpochs[number] = block.leaderEpoch();
    crcs[number] = block.crc32c();
  }

  private int[] groupIntoChunks() {
    int[] starts = new int[lengths.length + 1];
    int chunks = 0;
    long size = Long.MAX_VALUE;
    for (int block = 0; block < lengths.length; block++) {
      if (size > CHUNK_SIZE_BYTES - lengths[block] || !liesBehindPrevious(block)) {
        starts[chunks++] = block;
        size = 0;
      }
      size += lengths[block];
    }
    starts[chunks++] = lengths.length;
    return Arrays.copyOf(starts, chunks);
  }

  private boolean liesBehindPrevious(int block) {
    int previous = block - 1;
    return previous >= 0
        && dataKeyOf(previous) == dataKeyOf(block)
        && positions[previous] + lengths[previous] == positions[block];
  }

  private int dataKeyOf(int block) {
    return dataKeyOf == null ? 0 : dataKeyOf[block];
  }

  /** Of the object, or of the run's directory. */
  ObjectKey key() {
    return key;
  }

  /** Of the object that the chunk's bytes lie in. */
  ObjectKey dataKey(int chunk) {
    return dataKeys[dataKeyOf(chunkStarts[chunk])];
  }

  /** Whether the chunk after this one lies behind it in the same object. */
  boolean nextChunkIsAdjacent(int chunk) {
    int next = chunkStarts[chunk + 1];
    return next < lengths.length && liesBehindPrevious(next);
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
    long bytes = 0;
    for (int block = firstBlock(section); block < endBlock(section); block++) {
      bytes += lengths[block];
    }
    return bytes;
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

  /** The first offset that the section stands for. */
  long sectionBaseOffset(int section) {
    return fromOffsets[section];
  }

  /** Offset after the last one that the section stands for. */
  long sectionNextOffset(int section) {
    return toOffsets[section];
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
    return 200 + 28 * partitions.length + 56 * lengths.length;
  }
}
