/**
 * Configs as Kafka's clients see them: what is set, where each value comes from, and what it would
 * be otherwise.
 *
 * <p>What is set lies in the metadata image; Kafka's own definitions give names, types and
 * defaults. Values are resolved topic, then broker, then cluster default, then the broker's
 * environment, then Kafka's default. Immutable, any thread.
 */
@NullMarked
package io.sediment.frontend.config;

import org.jspecify.annotations.NullMarked;
