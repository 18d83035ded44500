/**
 * The Kafka side of a broker. {@link io.sediment.frontend.KafkaFrontend} wires it; {@code net} is
 * the wire, {@code handler} and {@code admin} hold one class per API, {@code partition} makes a
 * lane's partitions Kafka logs, {@code config} knows configs, {@code kafka} is the one place that
 * touches Kafka's internal packages.
 */
@NullMarked
package io.sediment.frontend;

import org.jspecify.annotations.NullMarked;
