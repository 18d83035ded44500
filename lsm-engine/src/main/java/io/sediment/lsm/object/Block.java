package io.sediment.lsm.object;

/**
 * Index entry of a run of whole batches of one partition and one leader epoch, 256 KB to 1 MB
 * unless a single batch is larger: the unit of reading, checksum and cache.
 *
 * @param baseOffset offset of the first record
 * @param lastOffset offset of the last record
 * @param position of the first byte in the object
 * @param length in bytes
 * @param maxTimestamp largest record timestamp in this section up to the end of this block (running
 *     maximum, so that it can be searched)
 * @param crc32c of the block's bytes
 */
public record Block(
    long baseOffset,
    long lastOffset,
    long position,
    int length,
    long maxTimestamp,
    int leaderEpoch,
    int crc32c) {}
