/**
 * What is inside a Kafka v2 record batch, for the two that must look: the front end where a topic's
 * rules are about records, and log compaction. Both read with the same decoders, so that what was
 * accepted can be compacted.
 *
 * <p>Everything here trusts nothing: bytes come from clients. Memory is bounded by limits that the
 * caller gives, whatever the data claims. Not thread-safe; any thread, but decompression is work
 * for workers.
 */
@NullMarked
package io.sediment.lsm.records;

import org.jspecify.annotations.NullMarked;
