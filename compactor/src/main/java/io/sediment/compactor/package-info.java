/**
 * Re-clustering: many objects that each hold a little of every partition become runs in which a
 * partition lies in one piece.
 *
 * <p>A {@link io.sediment.compactor.CompactionPolicy} looks at the {@link
 * io.sediment.compactor.LsmShape} of a lane and proposes {@link
 * io.sediment.compactor.CompactionPlan}s: purely, without clock, store or memory between calls. A
 * plan is a proposal; correctness never depends on which are made, or on any being carried out.
 */
@NullMarked
package io.sediment.compactor;

import org.jspecify.annotations.NullMarked;
