package io.sediment.lsm.object;

import static io.sediment.lsm.object.SortedObjectLayout.HEADER_SIZE;
import static io.sediment.lsm.object.SortedObjectLayout.TRAILER_SIZE;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.Checksums;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.StoredBytes;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads what sorted objects say about themselves, and verifies all of it. Whatever the bytes are,
 * it fails with {@link CorruptObjectException} only; the object must also be the one its key names.
 *
 * <p>Damage that was done on the way is healed by reading again; what stays damaged is reported.
 * Failures of the store are passed on: put a retrying store below.
 */
public final class SortedObjectReader {
  /** Holds the footer of some thousand partitions. */
  public static final int DEFAULT_SUFFIX_SIZE_BYTES = 128 << 10;

  private final ObjectStore store;
  private final int suffixSizeBytes;

  public SortedObjectReader(ObjectStore store) {
    this(store, DEFAULT_SUFFIX_SIZE_BYTES);
  }

  /**
   * @param suffixSizeBytes how much to read of the end of an object at first; a footer that is
   *     longer costs a second read
   */
  public SortedObjectReader(ObjectStore store, int suffixSizeBytes) {
    this.store = store;
    this.suffixSizeBytes = Math.max(suffixSizeBytes, HEADER_SIZE);
  }

  /** Whose object this is, by one read of 64 bytes; empty where there is none. */
  public CompletableFuture<Optional<ObjectIdentity>> readHeader(ObjectKey key) {
    return ReadAgain.whileCorrupt(
        () ->
            store
                .get(key, ByteRange.of(0, HEADER_SIZE))
                .thenApply(read -> read.map(stored -> decodeHeader(key, stored.bytes()))));
  }

  /**
   * What an object holds, by one read of its end, or two where the footer is long; empty where
   * there is none. A fence has no sections.
   */
  public CompletableFuture<Optional<SortedObject>> readDescription(ObjectKey key) {
    return ReadAgain.whileCorrupt(
        () ->
            store
                .get(key, ByteRange.suffix(suffixSizeBytes))
                .thenCompose(
                    read ->
                        read.isEmpty()
                            ? CompletableFuture.completedFuture(Optional.empty())
                            : describe(key, read.get())));
  }

  private CompletableFuture<Optional<SortedObject>> describe(ObjectKey key, StoredBytes end) {
    ByteBuffer bytes = end.bytes();
    if (bytes.remaining() != Math.min(suffixSizeBytes, end.objectLength())) {
      throw SortedObjectLayout.corrupt(
          key,
          "read ends early: length=" + bytes.remaining() + " objectLength=" + end.objectLength());
    }
    int missing = missingOfFooter(key, bytes, end.objectLength());
    if (missing == 0) {
      return CompletableFuture.completedFuture(
          Optional.of(decodeDescription(key, bytes, end.objectLength())));
    }
    long from = end.objectLength() - bytes.remaining() - missing;
    return store
        .get(key, ByteRange.of(from, missing))
        .thenApply(
            read ->
                read.map(
                    more -> {
                      ByteBuffer joined =
                          ByteBuffer.allocate(more.bytes().remaining() + bytes.remaining())
                              .put(more.bytes().duplicate())
                              .put(bytes.duplicate())
                              .flip();
                      return decodeDescription(key, joined, end.objectLength());
                    }));
  }

  /**
   * Decodes the first 64 bytes of an object.
   *
   * @param bytes from the object's first byte on; more may follow
   */
  public static ObjectIdentity decodeHeader(ObjectKey key, ByteBuffer bytes) {
    return SortedObjectLayout.decodeHeader(key, bytes);
  }

  /**
   * Decodes the footer.
   *
   * @param end the end of the object, at least footer and trailer, or all of it
   */
  public static SortedObject decodeDescription(ObjectKey key, ByteBuffer end, long objectLength) {
    if (objectLength == HEADER_SIZE && end.remaining() == HEADER_SIZE) {
      return describeFence(key, end);
    }
    if (missingOfFooter(key, end, objectLength) > 0) {
      throw SortedObjectLayout.corrupt(
          key, "footer ends early: length=" + end.remaining() + " objectLength=" + objectLength);
    }
    SortedObjectLayout.Trailer trailer = SortedObjectLayout.decodeTrailer(key, end, objectLength);
    ByteBuffer footer =
        end.slice(end.limit() - TRAILER_SIZE - trailer.footerLength(), trailer.footerLength());
    int crc = Checksums.crc32c(footer);
    if (crc != trailer.footerCrc()) {
      throw SortedObjectLayout.corrupt(
          key,
          "footer crc: expected="
              + Checksums.hex(trailer.footerCrc())
              + " actual="
              + Checksums.hex(crc));
    }
    ObjectIdentity identity = decodeHeader(key, footer);
    if (identity.kind() == SortedObjectKind.FENCE) {
      throw SortedObjectLayout.corrupt(key, "fence with a footer: length=" + objectLength);
    }
    ByteReader in = new ByteReader(footer.position(HEADER_SIZE), "sorted object key=" + key);
    try {
      SortedObjectFooter.Content content = SortedObjectFooter.decode(in, trailer.footerPosition());
      return new SortedObject(
          key, identity, content.sections(), content.ackedSeq(), objectLength, crc);
    } catch (IllegalArgumentException e) {
      throw new CorruptObjectException("sorted object key=" + key + ": " + e.getMessage(), e);
    }
  }

  /**
   * Verifies a block that was read: its checksum, and that it consists of whole batches of one
   * leader epoch in offset order, from the first to the last offset that the index promises.
   *
   * @param key names the object in messages
   * @param bytes the block between position and limit; the position is not moved
   */
  public static void verifyBlock(ObjectKey key, Block block, ByteBuffer bytes) {
    if (bytes.remaining() != block.length()) {
      throw corruptBlock(key, block, "read length=" + bytes.remaining());
    }
    int crc = Checksums.crc32c(bytes);
    if (crc != block.crc32c()) {
      throw corruptBlock(key, block, "crc: actual=" + Checksums.hex(crc));
    }
    walk(key, block, bytes.slice());
  }

  private static void walk(ObjectKey key, Block block, ByteBuffer bytes) {
    long expectedOffset = block.baseOffset();
    long lastOffset = -1;
    int position = 0;
    while (position < bytes.limit()) {
      int left = bytes.limit() - position;
      if (left < RecordBatchLayout.HEADER_SIZE) {
        throw corruptBlock(key, block, "torn batch at=" + position + " left=" + left);
      }
      int size = RecordBatchLayout.sizeInBytes(bytes, position);
      long baseOffset = RecordBatchLayout.baseOffset(bytes, position);
      int delta = RecordBatchLayout.lastOffsetDelta(bytes, position);
      boolean inOrder = position == 0 ? baseOffset == expectedOffset : baseOffset >= expectedOffset;
      if (size < RecordBatchLayout.HEADER_SIZE
          || size > left
          || RecordBatchLayout.magic(bytes, position) != RecordBatchLayout.CURRENT_MAGIC
          || RecordBatchLayout.leaderEpoch(bytes, position) != block.leaderEpoch()
          || delta < 0
          || !inOrder) {
        throw corruptBlock(
            key,
            block,
            "batch at="
                + position
                + " size="
                + size
                + " left="
                + left
                + " magic="
                + RecordBatchLayout.magic(bytes, position)
                + " leaderEpoch="
                + RecordBatchLayout.leaderEpoch(bytes, position)
                + " baseOffset="
                + baseOffset
                + " expectedOffset="
                + expectedOffset
                + " lastOffsetDelta="
                + delta);
      }
      lastOffset = baseOffset + delta;
      expectedOffset = lastOffset + 1;
      position += size;
    }
    if (lastOffset != block.lastOffset()) {
      throw corruptBlock(key, block, "last offset: actual=" + lastOffset);
    }
  }

  /** How many bytes before {@code end} belong to the footer or, in a fence, to the header. */
  private static int missingOfFooter(ObjectKey key, ByteBuffer end, long objectLength) {
    if (objectLength < HEADER_SIZE || end.remaining() > objectLength) {
      throw SortedObjectLayout.corrupt(
          key, "too short: objectLength=" + objectLength + " read=" + end.remaining());
    }
    if (objectLength == HEADER_SIZE) {
      return HEADER_SIZE - end.remaining();
    }
    if (end.remaining() < TRAILER_SIZE) {
      throw SortedObjectLayout.corrupt(key, "trailer ends early: length=" + end.remaining());
    }
    SortedObjectLayout.Trailer trailer = SortedObjectLayout.decodeTrailer(key, end, objectLength);
    long needed = (long) trailer.footerLength() + TRAILER_SIZE;
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, needed - end.remaining()));
  }

  private static SortedObject describeFence(ObjectKey key, ByteBuffer header) {
    SortedObject description = SortedObjectLayout.describeFence(key, header);
    if (description.identity().kind() != SortedObjectKind.FENCE) {
      throw SortedObjectLayout.corrupt(key, "no footer behind " + description.identity());
    }
    return description;
  }

  private static CorruptObjectException corruptBlock(ObjectKey key, Block block, String reason) {
    return new CorruptObjectException("block key=" + key + " " + block + ": " + reason);
  }
}
