/**
 * What a component takes from the process it runs in: time, chance, threads and memory.
 *
 * <p>Nothing else in the code base reads a clock, starts a thread or draws a random number; the
 * build forbids it outside classes marked {@link io.sediment.runtime.EdgeOfTheProcess}. So one seed
 * replays one run: in tests every port here is implemented by the single-threaded simulation.
 */
@NullMarked
package io.sediment.runtime;

import org.jspecify.annotations.NullMarked;
