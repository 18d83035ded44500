/**
 * What the brokers of a cluster agree on: topics, configs, brokers, lanes and placements.
 *
 * <p>{@link io.sediment.metadata.MetadataImage} is the whole of it at one moment, immutable. It
 * changes only by a {@link io.sediment.metadata.MetadataCommand}, whose {@code applyTo} is pure, so
 * that every replica and every replay of the log arrives at the same image. {@link
 * io.sediment.metadata.ClusterMetadata} is the door for everybody else: read the published image,
 * listen to changes, submit commands.
 *
 * <p>What always holds: an image is published only when the bucket holds an export of it, so
 * nothing that anybody acted upon is lost with the machines. Nothing per produce or per flush comes
 * through here. Types of this package are immutable and thread-safe.
 */
@NullMarked
package io.sediment.metadata;

import org.jspecify.annotations.NullMarked;
