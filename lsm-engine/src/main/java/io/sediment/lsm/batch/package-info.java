/**
 * Kafka's record batch (magic 2) as far as the engine looks into it: the 61-byte header. Everything
 * behind the header is opaque. Pure functions over buffers; no state, any thread.
 */
@NullMarked
package io.sediment.lsm.batch;

import org.jspecify.annotations.NullMarked;
