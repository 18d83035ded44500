/**
 * The one place that touches Kafka's unpublished packages (log configs, validator): behind it there
 * are our own types only, so that a new Kafka version is a change of this package. Pure functions,
 * any thread.
 */
@NullMarked
package io.sediment.frontend.kafka;

import org.jspecify.annotations.NullMarked;
