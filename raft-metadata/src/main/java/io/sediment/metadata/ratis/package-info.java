/**
 * The metadata log as an Apache Ratis group, and its state in RocksDB. Types of neither library are
 * seen outside this package.
 *
 * <p>{@link io.sediment.metadata.ratis.RaftMetadata} is the entry. The state machine decodes,
 * applies and snapshots, and nothing else; what a command means is its own business. It runs on
 * Ratis's one updater thread for the group. What it applied goes to the exporter on the leader, and
 * becomes visible when the exporter, or the leader through the log, says that the bucket has it.
 */
@NullMarked
package io.sediment.metadata.ratis;

import org.jspecify.annotations.NullMarked;
