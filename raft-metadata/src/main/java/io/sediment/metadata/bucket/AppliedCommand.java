package io.sediment.metadata.bucket;

import io.sediment.metadata.MetadataImage;
import org.jspecify.annotations.Nullable;

/**
 * A command the state machine has applied.
 *
 * @param command its bytes; null where it changed nothing, so that there is nothing to export
 * @param image what it led to, of version {@code index}
 */
public record AppliedCommand(
    long term, long index, byte @Nullable [] command, MetadataImage image) {}
