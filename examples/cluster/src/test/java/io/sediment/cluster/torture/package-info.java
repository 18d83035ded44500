/**
 * Kills real broker processes with {@code kill -9} under real producers, then reads every
 * acknowledged record back.
 *
 * <p>Run by {@code scripts/run-e2e.sh}. {@link io.sediment.cluster.torture.KillTorture} is the
 * conductor; a run is named by its seed, which decides when and how each kill comes.
 */
@NullMarked
package io.sediment.cluster.torture;

import org.jspecify.annotations.NullMarked;
