/**
 * Measures the broker as its users would, beside a real Apache Kafka: whole processes, real
 * clients, the operating system's own accounting.
 *
 * <p>Run by {@code scripts/bench.sh}; nothing here is a test and nothing is asserted.
 */
@NullMarked
package io.sediment.cluster.bench;

import org.jspecify.annotations.NullMarked;
