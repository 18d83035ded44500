/**
 * Reading what is stored: from (partition, offset) to whole batches, out of many objects that each
 * hold a piece of many partitions.
 *
 * <p>{@link io.sediment.lsm.scan.RangeScan} finds the blocks in the objects' indexes and gathers
 * them into slices; {@code BlockFetcher} reads neighbouring blocks with one ranged GET, once
 * however many readers want them, and verifies every checksum; {@code BlockCache} keeps them.
 * Readers that catch up have a cache slice of their own and never evict what tail readers share.
 * Everything in memory is charged to the budget until the last reader has closed its slices.
 *
 * <p>Nothing blocks; any thread may call, and callbacks run on the store's threads or the
 * scheduler's.
 */
@NullMarked
package io.sediment.lsm.scan;

import org.jspecify.annotations.NullMarked;
