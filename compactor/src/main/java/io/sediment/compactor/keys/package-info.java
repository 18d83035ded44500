/**
 * Kafka's log compaction: of each key, the last record stays.
 *
 * <p>A partition is a sequence of ranges of offsets. Each has a {@link
 * io.sediment.compactor.keys.KeySummary}: the hash of every key in it with the key's last offset,
 * sorted by hash. Merged as streams, the summaries of all ranges say which offsets survive ({@link
 * io.sediment.compactor.keys.SurvivorMerge}); a {@link io.sediment.compactor.keys.BatchFilter} then
 * takes the batches in the order of the log and leaves out the rest. So memory holds a page of each
 * summary and a bit per record or four bytes per key, never a map of all keys; and what was cleaned
 * before is not hashed again to find out what survives.
 *
 * <p>What survives, and what the batches look like, is what Kafka's log cleaner makes of the same
 * input (KIP-98, KIP-280's default strategy, KIP-534). Always: the last record of each key stays,
 * tombstones until their delete horizon; no offset changes; nothing at or above the first offset
 * that is not yet decided is looked at; a producer's last batch stays, if need be without records.
 *
 * <p>Nothing here reads a clock or knows a store. For workers, one thread per partition.
 */
@NullMarked
package io.sediment.compactor.keys;

import org.jspecify.annotations.NullMarked;
