/**
 * The write-ahead log of a lane: all partitions of a broker gather in one object, one conditional
 * put makes it durable, several puts are in flight, acknowledgements come strictly in order.
 *
 * <p>{@link io.sediment.wal.BucketWriteAheadLogs} is what a lane is given. Behind it, {@code
 * WalWriter} holds the open slot and the order of acknowledgement, {@code SlotPut} gets one object
 * into its slot whatever the store answers, {@code FlushPolicy} and {@code HedgePolicy} decide
 * when, and {@code WalSealer} ends epochs with a fence and describes what they hold.
 *
 * <p>Always true: seq is dense per (lane, epoch); a slot is acknowledged only when the bucket holds
 * our bytes under its key and all slots before it are acknowledged; a slot is never skipped,
 * renumbered or sent with other bytes. The module's README draws the states.
 *
 * <p>Appends come from the lane under its lock; everything else runs on the scheduler.
 */
@NullMarked
package io.sediment.wal;

import org.jspecify.annotations.NullMarked;
