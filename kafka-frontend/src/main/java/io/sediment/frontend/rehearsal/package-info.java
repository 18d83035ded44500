/**
 * What a broker does before it is ready so that its first clients are not the ones who wait for
 * classes to be loaded and linked: it serves made-up ones, over loopback, out of a store in memory.
 *
 * <p>Nothing here touches the broker's bucket, lane, metadata or metrics, and nothing is left when
 * it ends. One thread plays the client and may block.
 */
@NullMarked
package io.sediment.frontend.rehearsal;

import org.jspecify.annotations.NullMarked;
