/**
 * Compaction: many objects that each hold a little of every partition become runs in which a
 * partition lies in one piece.
 *
 * <p>A {@link io.sediment.compactor.CompactionPolicy} looks at the {@link
 * io.sediment.compactor.LsmShape} of a lane and proposes a {@link
 * io.sediment.compactor.CompactionPlan}: purely, without clock, store or memory between calls. A
 * {@code CompactionJob} is one attempt to carry it out; {@link io.sediment.compactor.LaneCompactor}
 * lets one job follow the other, {@link io.sediment.compactor.CompactorLoop} gives it its turns.
 *
 * <p>A plan is a proposal: correctness never depends on which are made, on any being carried out,
 * or on one process being the only one that tries. Bytes are moved as they are, block by block,
 * except where a {@link io.sediment.compactor.RangeRewriter} wants to look into them.
 */
@NullMarked
package io.sediment.compactor;

import org.jspecify.annotations.NullMarked;
