/**
 * One whole broker in virtual time, all but its sockets, its Raft library and its groups: request
 * handlers, partition logs, lane, write-ahead log, compaction, retention, and the metadata's state
 * machine with its exports, on one simulated bucket. It crashes and starts again at any moment,
 * with its disk, or with an empty one and under a new incarnation, while the old process may still
 * be there.
 *
 * <p>Clients speak Kafka's messages to it; {@link io.sediment.cluster.simulation.KafkaModel} knows
 * what they were told and names what cannot be.
 */
@NullMarked
package io.sediment.cluster.simulation;

import org.jspecify.annotations.NullMarked;
