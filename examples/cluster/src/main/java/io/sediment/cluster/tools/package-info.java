/**
 * The {@code sediment} command: what a person asks a bucket. It reads with the engine's own readers
 * and changes nothing; a broker may be at work on the same store meanwhile.
 *
 * <p>{@link io.sediment.cluster.tools.Tools} is the entry. There is one class per command; {@link
 * io.sediment.cluster.tools.BucketView} is what they all look through. Commands run on the caller's
 * thread and block; what they print is a stream of {@link io.sediment.cluster.tools.Row}s, so
 * memory does not grow with the data.
 */
@NullMarked
package io.sediment.cluster.tools;

import org.jspecify.annotations.NullMarked;
