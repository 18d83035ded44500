/**
 * Who is alive, and whose lanes must go to somebody else.
 *
 * <p>Brokers send heartbeats to the Raft leader, which keeps them in memory: {@link
 * io.sediment.metadata.liveness.BrokerLeases}. None of it enters the log. A broker counts its lease
 * from when it sent the heartbeat, the leader from when it heard it, so that the leader always
 * waits longer: {@link io.sediment.metadata.liveness.BrokerLease}. A new leader has heard nobody
 * and waits a whole lease before it calls anybody dead, and so does one that has slept.
 *
 * <p>What comes of it is a {@link io.sediment.metadata.SealLane} command. No safety rests on any of
 * this: a broker that is called dead and lives is fenced when its lane is sealed.
 */
@NullMarked
package io.sediment.metadata.liveness;

import org.jspecify.annotations.NullMarked;
