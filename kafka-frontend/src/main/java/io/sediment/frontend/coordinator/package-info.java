/**
 * What every kind of Kafka coordinator needs of this broker: an internal topic that comes into
 * being with its first use, and the news which of its partitions this broker leads.
 *
 * <p>A coordinator keeps its state in such a topic and nowhere else. It is elected for a partition
 * when the partition's log opens here and resigns when that log closes, whatever the reason: moved,
 * halted, fenced, deleted. Elections of one topic are told one at a time, on a thread of their own.
 */
@NullMarked
package io.sediment.frontend.coordinator;

import org.jspecify.annotations.NullMarked;
