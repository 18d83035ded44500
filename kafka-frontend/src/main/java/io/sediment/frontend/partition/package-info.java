/**
 * What makes a lane's partition a Kafka log: which batches are accepted and with which error they
 * are refused, producer state, who waits for durability, and how far consumers may read.
 *
 * <p>Always: nothing is appended that was not validated; the batches of a producer are in sequence;
 * a produce is answered only when its records are durable, in offset order; the high watermark
 * never falls and never passes what is durable (invariant I7). Everything may be called from any
 * thread and nothing blocks; what the lane reports comes in on its threads.
 *
 * <p>A log that is handed over appends nothing more, whatever comes of it: {@link
 * io.sediment.frontend.partition.PartitionHandoff}.
 *
 * <p>A log may lie in several lanes, one after the other, as its placements say; {@link
 * io.sediment.frontend.partition.PlacedPartitionLane} makes that one log again.
 */
@NullMarked
package io.sediment.frontend.partition;

import org.jspecify.annotations.NullMarked;
