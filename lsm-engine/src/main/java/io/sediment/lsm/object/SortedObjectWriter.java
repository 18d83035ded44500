package io.sediment.lsm.object;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.codec.Checksums;
import io.sediment.objectstore.ObjectBody;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Builds one sorted object out of record batches that lie in memory.
 *
 * <p>Sections come in partition order, batches in offset order. The bytes are not copied but
 * gathered (see {@link SortedObjectOptions#gatherSizeBytesMin}), so whoever owns the memory keeps
 * it until the body has been sent. A mistake in the order is the caller's and stops it at once with
 * an {@link IllegalStateException}; such an object must never reach the store. For one thread.
 */
public final class SortedObjectWriter {
  private final ObjectIdentity identity;
  private final int blockSizeMax;
  private final BodyGatherer body;
  private final ByteBuffer header;
  private final List<Section> sections = new ArrayList<>();
  private long ackedSeq;

  // The section being built.
  private @Nullable PartitionId partition;
  private final List<Block> blocks = new ArrayList<>();
  private List<ProducerEntry> producers = List.of();
  private List<AbortedTxn> abortedTxns = List.of();
  private long maxTimestamp;
  private long nextOffset;

  // The block being built; empty while blockLength is 0.
  private int blockLength;
  private long blockPosition;
  private long blockBaseOffset;
  private int blockLeaderEpoch;

  public SortedObjectWriter(ObjectIdentity identity, SortedObjectOptions options) {
    if (identity.kind() == SortedObjectKind.FENCE) {
      throw new IllegalArgumentException("a fence holds nothing: " + identity);
    }
    this.identity = identity;
    this.blockSizeMax = options.blockSizeBytesMax();
    this.body = new BodyGatherer(options.gatherSizeBytesMin());
    this.header = SortedObjectLayout.encodeHeader(identity);
    body.add(header, 0, header.remaining());
    body.takeChecksum();
  }

  /** The object that closes an epoch at its first unacknowledged slot. */
  public static EncodedObject fence(ObjectIdentity identity) {
    if (identity.kind() != SortedObjectKind.FENCE) {
      throw new IllegalArgumentException("not a fence: " + identity);
    }
    ByteBuffer header = SortedObjectLayout.encodeHeader(identity);
    return new EncodedObject(
        ObjectBody.of(header), SortedObjectLayout.describeFence(LaneKeys.of(identity), header));
  }

  /** Ends the section before, if any, and begins the one of {@code next}. */
  public void beginSection(PartitionId next) {
    PartitionId previous = partition;
    endSection();
    if (previous != null && previous.compareTo(next) >= 0) {
      throw new IllegalStateException("section " + next + " after section " + previous);
    }
    partition = next;
    maxTimestamp = Long.MIN_VALUE;
    nextOffset = -1;
  }

  /** Adds the batch between position and limit of {@code batch}; the position is not moved. */
  public void add(ByteBuffer batch) {
    add(batch, batch.position(), batch.remaining());
  }

  /**
   * Adds one batch to the section: {@code length} bytes from the absolute index {@code position} of
   * {@code memory} on. Batches that follow one another in the same {@code memory} (the same
   * instance) become one stretch, so hand in the whole slab rather than slices of it.
   */
  public void add(ByteBuffer memory, int position, int length) {
    long baseOffset = RecordBatchLayout.baseOffset(memory, position);
    int leaderEpoch = RecordBatchLayout.leaderEpoch(memory, position);
    check(memory, position, length, baseOffset, leaderEpoch);
    if (blockLength > 0
        && (leaderEpoch != blockLeaderEpoch || length > blockSizeMax - blockLength)) {
      endBlock();
    }
    if (blockLength == 0) {
      blockPosition = body.length();
      blockBaseOffset = baseOffset;
      blockLeaderEpoch = leaderEpoch;
    }
    body.add(memory, position, length);
    blockLength += length;
    nextOffset = baseOffset + RecordBatchLayout.lastOffsetDelta(memory, position) + 1;
    maxTimestamp = Math.max(maxTimestamp, RecordBatchLayout.maxTimestamp(memory, position));
  }

  /** Producer states (or their changes) of the section; see {@link SortedObjectKind}. */
  public void producers(List<ProducerEntry> entries) {
    producers = List.copyOf(entries);
  }

  public void abortedTxns(List<AbortedTxn> txns) {
    abortedTxns = List.copyOf(txns);
  }

  /** See {@link SortedObject#ackedSeq}. */
  public void ackedSeq(long seq) {
    ackedSeq = seq;
  }

  /** Bytes so far, without footer. */
  public long length() {
    return body.length();
  }

  public EncodedObject finish() {
    endSection();
    long footerPosition = body.length();
    ByteBuffer footer = SortedObjectFooter.encode(header, sections, ackedSeq);
    int footerCrc = Checksums.crc32c(footer);
    ByteBuffer trailer =
        SortedObjectLayout.encodeTrailer(footerPosition, footer.remaining(), footerCrc);
    body.add(footer, 0, footer.remaining());
    body.add(trailer, 0, trailer.remaining());
    long length = body.length();
    SortedObject description =
        new SortedObject(LaneKeys.of(identity), identity, sections, ackedSeq, length, footerCrc);
    return new EncodedObject(body.finish(), description);
  }

  private void check(
      ByteBuffer memory, int position, int length, long baseOffset, int leaderEpoch) {
    int size = RecordBatchLayout.sizeInBytes(memory, position);
    int lastOffsetDelta = RecordBatchLayout.lastOffsetDelta(memory, position);
    int previousEpoch = blockLength > 0 ? blockLeaderEpoch : lastLeaderEpoch();
    // Offsets are missing only where log compaction took them, or where the partition was led
    // elsewhere in between.
    boolean mayLeaveGap =
        nextOffset == -1 || identity.kind() == SortedObjectKind.L1 || leaderEpoch > previousEpoch;
    boolean follows =
        mayLeaveGap ? baseOffset >= Math.max(0, nextOffset) : baseOffset == nextOffset;
    if (partition == null
        || size != length
        || length < RecordBatchLayout.HEADER_SIZE
        || lastOffsetDelta < 0
        || !follows
        || leaderEpoch < previousEpoch) {
      throw new IllegalStateException(
          "batch does not fit the section: partition="
              + partition
              + " baseOffset="
              + baseOffset
              + " expectedOffset="
              + nextOffset
              + " lastOffsetDelta="
              + lastOffsetDelta
              + " length="
              + length
              + " lengthInBatch="
              + size
              + " leaderEpoch="
              + leaderEpoch
              + " previousLeaderEpoch="
              + previousEpoch);
    }
  }

  private int lastLeaderEpoch() {
    return blocks.isEmpty() ? Integer.MIN_VALUE : blocks.get(blocks.size() - 1).leaderEpoch();
  }

  private void endBlock() {
    blocks.add(
        new Block(
            blockBaseOffset,
            nextOffset - 1,
            blockPosition,
            blockLength,
            maxTimestamp,
            blockLeaderEpoch,
            body.takeChecksum()));
    blockLength = 0;
  }

  private void endSection() {
    PartitionId ending = partition;
    if (ending == null) {
      return;
    }
    if (blockLength > 0) {
      endBlock();
    }
    sections.add(new Section(ending, blocks, producers, abortedTxns));
    partition = null;
    blocks.clear();
    producers = List.of();
    abortedTxns = List.of();
  }
}
