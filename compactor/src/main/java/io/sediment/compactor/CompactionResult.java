package io.sediment.compactor;

/**
 * What a compaction has done.
 *
 * @param sourceBytes of all blocks of its sources
 * @param writtenBytes of L1 objects and directories, those the store copied included
 * @param referencedBytes of blocks that stay where they were
 * @param manifest that has the new runs
 */
public record CompactionResult(
    CompactionPlan plan,
    long sourceBytes,
    long writtenBytes,
    long referencedBytes,
    int runs,
    long manifest) {}
