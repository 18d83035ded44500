package io.sediment.lsm.scan;

/**
 * The oldest stored blocks of a log, or of the part of it that lies in one lane, that passed a
 * test: what retention may let go.
 *
 * @param nextOffset the offset behind the last of them; where the search began if there is none
 * @param bytes of them together
 * @param isAll whether nothing else is stored there
 */
public record OldestBlocks(long nextOffset, long bytes, boolean isAll) {}
