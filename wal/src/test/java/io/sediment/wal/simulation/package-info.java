/**
 * The real write-ahead log and the real lane in a simulated world: processes append, crash, pause,
 * come back as zombies and are replaced, the bucket misbehaves by a seeded plan, and a plain model
 * says after each step whether something was lost, doubled or moved.
 *
 * <p>{@link io.sediment.wal.simulation.WalSimulation} runs logs alone, many epochs in a short time;
 * {@link io.sediment.wal.simulation.WalMutant} takes one safeguard away from outside, through the
 * ports, and tests show in how many seeds that is noticed. Production code has no switch for any of
 * this.
 */
@NullMarked
package io.sediment.wal.simulation;

import org.jspecify.annotations.NullMarked;
