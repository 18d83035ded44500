/**
 * The words the whole engine shares: which partition, which lane, which slot of its write-ahead
 * log.
 *
 * <p>Sub-packages, from the bytes up: {@code batch} (Kafka's record batch header), {@code object}
 * (sorted objects), {@code manifest} (what a lane consists of), {@code memtable}, {@code scan},
 * {@code gc}, and {@code lane}, the engine's front door.
 */
@NullMarked
package io.sediment.lsm;

import org.jspecify.annotations.NullMarked;
