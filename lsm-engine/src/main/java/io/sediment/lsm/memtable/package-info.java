/**
 * What is in memory: slabs that hold the bytes, partition tails that index them, and the memtable
 * that is cut at a slot boundary and flushed as one L0.
 *
 * <p>A batch is copied exactly once, from the network buffer into a slab; everything after that
 * (WAL object, L0, fetch responses) is a slice. A slab lives as long as somebody retains it.
 */
@NullMarked
package io.sediment.lsm.memtable;

import org.jspecify.annotations.NullMarked;
