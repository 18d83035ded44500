/**
 * Kafka's own coordinators over this broker's logs: behind the types here nobody sees Kafka's
 * coordinator runtime, metadata images and timers.
 *
 * <p>The runtime computes records, applies them to its memory, hands them to {@link
 * io.sediment.frontend.kafka.coordinator.CoordinatorLogWriter} (which must not wait) and answers
 * when the high watermark has passed them. Its own threads, which are no daemons, end with {@code
 * close}.
 */
@NullMarked
package io.sediment.frontend.kafka.coordinator;

import org.jspecify.annotations.NullMarked;
