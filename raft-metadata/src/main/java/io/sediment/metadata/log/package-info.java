/**
 * What each member of the metadata group does with the group's log, whoever replicates it.
 *
 * <p>A command is proposed by {@link io.sediment.metadata.log.CommandSubmission}; committed, it
 * comes to {@link io.sediment.metadata.log.MetadataStateMachine}, which applies it, hands it to the
 * exporter, and lets {@link io.sediment.metadata.log.ExportedImages} hold the image back until the
 * bucket has it. {@code metadata.ratis} puts Apache Ratis underneath; the simulation a log of its
 * own.
 */
@NullMarked
package io.sediment.metadata.log;

import org.jspecify.annotations.NullMarked;
