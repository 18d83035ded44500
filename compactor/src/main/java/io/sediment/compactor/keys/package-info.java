/**
 * Kafka's log compaction: of each key, the last record stays.
 *
 * <p>A job reads a partition twice. First it cuts it into ranges and makes a {@link
 * io.sediment.compactor.keys.KeySummary} of each: the hash of every key with the key's last offset,
 * sorted by hash, kept on local disk. Merged as streams, the summaries of all ranges say which
 * offsets survive ({@link io.sediment.compactor.keys.Survivors}). Then a {@link
 * io.sediment.compactor.keys.RecordFilter} takes the batches in the order of the log and leaves out
 * the rest. So memory holds one range's keys, then a page of each summary and a bit per record or
 * four bytes per key, whichever is less and up to a limit: never a map of all keys.
 *
 * <p>What survives, and what the batches look like, is what Kafka's log cleaner makes of the same
 * input (KIP-98, KIP-280's default strategy, KIP-534). Always: the last record of each key stays,
 * tombstones until their delete horizon; no offset changes; nothing at or above the first offset
 * that is not yet decided is looked at; a producer's last batch stays, if need be without records.
 *
 * <p>{@link io.sediment.compactor.keys.KeyCleaner} plugs this into the jobs of the compactor. For
 * its workers: batches are decompressed and hashed here.
 */
@NullMarked
package io.sediment.compactor.keys;

import org.jspecify.annotations.NullMarked;
