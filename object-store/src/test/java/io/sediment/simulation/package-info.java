/**
 * A world in one thread: virtual time, chance from one seed, processes that crash and pause, and a
 * bucket that loses answers.
 *
 * <p>{@link io.sediment.simulation.Simulation} picks the next event; each simulated process gets a
 * {@link io.sediment.simulation.SimScheduler} (its threads and clocks) and a client of the one
 * {@link io.sediment.simulation.SimObjectStore}. A run is (seed, printed {@link
 * io.sediment.simulation.FaultPlan}); running it again gives the same trace hash, event by event.
 * So nothing here, and nothing run here, may iterate in identity-hash order, read a real clock or
 * leave the one thread.
 *
 * <p>{@code docs/testing.md} says how to replay a seed and which deliberately broken variants of
 * the engine these runs are known to catch.
 */
@NullMarked
package io.sediment.simulation;

import org.jspecify.annotations.NullMarked;
