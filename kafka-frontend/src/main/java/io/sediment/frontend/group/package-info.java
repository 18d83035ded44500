/**
 * Consumer groups: one handler per API, and the life of the group coordinator behind them.
 *
 * <p>What a group is and does is Kafka's own code, reached through {@link
 * io.sediment.frontend.group.Groups}; its state lies in the internal topic {@code
 * __consumer_offsets}, which comes into being with the first request that looks for a coordinator.
 * Handlers run on network threads and only pass requests on; answers come from the coordinator's
 * threads, when what they say is durable.
 */
@NullMarked
package io.sediment.frontend.group;

import org.jspecify.annotations.NullMarked;
