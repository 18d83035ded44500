package io.sediment.lsm.object;

/**
 * An aborted transaction that overlaps a section, as Kafka's transaction index has it: what
 * read_committed must leave out.
 */
public record AbortedTxn(
    long producerId, long firstOffset, long lastOffset, long lastStableOffset) {}
