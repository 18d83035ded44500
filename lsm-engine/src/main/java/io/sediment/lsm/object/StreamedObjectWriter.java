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
 * Builds one L1 object that is larger than memory, out of blocks of older objects: the bytes are
 * handed out part by part while it grows.
 *
 * <p>Sections come in partition order, blocks in offset order; offsets between blocks may be
 * missing. Small blocks are joined up to the block size and checksummed anew, so that a section put
 * together from many objects does not have an index entry for each. The bytes are not copied but
 * gathered; whoever owns the memory keeps it until the part has been sent. A mistake in the order
 * stops the caller with an {@link IllegalStateException}. For one thread at a time.
 */
public final class StreamedObjectWriter {
  private final ObjectIdentity identity;
  private final int blockSizeMax;
  private final BodyGatherer body;
  private final ByteBuffer header;
  private final List<Section> sections = new ArrayList<>();
  private long takenUpTo;

  private @Nullable PartitionId partition;
  private final List<Block> blocks = new ArrayList<>();
  private long maxTimestamp;
  private long nextOffset;
  private int lastLeaderEpoch;

  // The block being built; empty while blockLength is 0.
  private int blockLength;
  private long blockPosition;
  private long blockBaseOffset;

  public StreamedObjectWriter(ObjectIdentity identity, SortedObjectOptions options) {
    if (identity.kind() != SortedObjectKind.L1) {
      throw new IllegalArgumentException("not an L1: " + identity);
    }
    this.identity = identity;
    this.blockSizeMax = options.blockSizeBytesMax();
    this.body = new BodyGatherer(options.gatherSizeBytesMin());
    this.header = SortedObjectLayout.encodeHeader(identity);
    body.add(header, 0, header.remaining());
    body.takeChecksum();
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
    nextOffset = 0;
    lastLeaderEpoch = Integer.MIN_VALUE;
  }

  /**
   * Adds a block that was verified, whole.
   *
   * @param source its entry in the older object's index
   * @param bytes between position and limit; the position is not moved
   */
  public void add(Block source, ByteBuffer bytes) {
    add(
        source.baseOffset(),
        source.lastOffset(),
        source.leaderEpoch(),
        source.maxTimestamp(),
        bytes);
  }

  /** Adds one batch: between position and limit of {@code batch}, which is not moved. */
  public void add(ByteBuffer batch) {
    int at = batch.position();
    add(
        RecordBatchLayout.baseOffset(batch, at),
        RecordBatchLayout.lastOffset(batch, at),
        RecordBatchLayout.leaderEpoch(batch, at),
        RecordBatchLayout.maxTimestamp(batch, at),
        batch);
  }

  private void add(
      long baseOffset, long lastOffset, int leaderEpoch, long timestamp, ByteBuffer bytes) {
    check(baseOffset, lastOffset, leaderEpoch);
    int length = bytes.remaining();
    if (blockLength > 0
        && (leaderEpoch != lastLeaderEpoch || length > blockSizeMax - blockLength)) {
      endBlock();
    }
    if (blockLength == 0) {
      blockPosition = body.length();
      blockBaseOffset = baseOffset;
    }
    body.add(bytes, bytes.position(), length);
    blockLength += length;
    moveTo(lastOffset, leaderEpoch, timestamp);
  }

  /**
   * Adds a block whose bytes the store copies from the older object itself, behind all that was
   * {@link #takePart taken}; its checksum stays.
   */
  public void addCopied(Block source) {
    if (pendingBytes() > 0) {
      throw new IllegalStateException("copied block behind bytes not yet taken: " + source);
    }
    check(source.baseOffset(), source.lastOffset(), source.leaderEpoch());
    moveTo(source.lastOffset(), source.leaderEpoch(), source.maxTimestamp());
    blocks.add(
        new Block(
            source.baseOffset(),
            source.lastOffset(),
            body.length(),
            source.length(),
            maxTimestamp,
            source.leaderEpoch(),
            source.crc32c()));
    body.skip(source.length());
    takenUpTo = body.length();
  }

  /** Ends the block being built, so that it is not joined with what follows. */
  public void endBlock() {
    if (blockLength == 0) {
      return;
    }
    blocks.add(
        new Block(
            blockBaseOffset,
            nextOffset - 1,
            blockPosition,
            blockLength,
            maxTimestamp,
            lastLeaderEpoch,
            body.takeChecksum()));
    blockLength = 0;
  }

  /** Bytes so far, without footer. */
  public long length() {
    return body.length();
  }

  /** Bytes added since the last {@link #takePart}. */
  public long pendingBytes() {
    return body.length() - takenUpTo;
  }

  /** The bytes since the last call; ends the block being built. */
  public ObjectBody takePart() {
    endBlock();
    takenUpTo = body.length();
    return body.take();
  }

  /** What is stored once the last part, which this adds the footer to, has been taken. */
  public SortedObject finish() {
    endSection();
    long footerPosition = body.length();
    ByteBuffer footer = SortedObjectFooter.encode(header, sections, 0);
    int footerCrc = Checksums.crc32c(footer);
    ByteBuffer trailer =
        SortedObjectLayout.encodeTrailer(footerPosition, footer.remaining(), footerCrc);
    body.add(footer, 0, footer.remaining());
    body.add(trailer, 0, trailer.remaining());
    return new SortedObject(LaneKeys.of(identity), identity, sections, 0, body.length(), footerCrc);
  }

  private void check(long baseOffset, long lastOffset, int leaderEpoch) {
    if (partition == null
        || baseOffset < nextOffset
        || lastOffset < baseOffset
        || leaderEpoch < lastLeaderEpoch) {
      throw new IllegalStateException(
          "block does not fit the section: partition="
              + partition
              + " baseOffset="
              + baseOffset
              + " lastOffset="
              + lastOffset
              + " expectedOffset="
              + nextOffset
              + " leaderEpoch="
              + leaderEpoch
              + " previousLeaderEpoch="
              + lastLeaderEpoch);
    }
  }

  private void moveTo(long lastOffset, int leaderEpoch, long timestamp) {
    nextOffset = lastOffset + 1;
    lastLeaderEpoch = leaderEpoch;
    maxTimestamp = Math.max(maxTimestamp, timestamp);
  }

  private void endSection() {
    PartitionId ending = partition;
    if (ending == null) {
      return;
    }
    endBlock();
    if (!blocks.isEmpty()) {
      sections.add(new Section(ending, blocks, List.of(), List.of()));
    }
    partition = null;
    blocks.clear();
  }
}
