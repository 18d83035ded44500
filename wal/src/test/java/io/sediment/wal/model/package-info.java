/**
 * The lane's protocol as an abstract machine, small enough to try every order of every step.
 *
 * <p>{@link io.sediment.wal.model.LaneProtocol} knows slots, fences, manifests and messages under
 * way, and nothing of bytes; {@link io.sediment.wal.model.Explorer} walks all states it can reach,
 * breadth first, so that a counterexample is a shortest one. As designed nothing goes wrong in any
 * state; with one safeguard taken away ({@link io.sediment.wal.model.Weakness}) something does, and
 * these tests say after how many steps. They are about the protocol: that the code follows it is
 * for the simulation to show.
 */
@NullMarked
package io.sediment.wal.model;

import org.jspecify.annotations.NullMarked;
