/**
 * The engine's front door: a lane is one write-ahead log and one small LSM tree, shared by every
 * partition that its broker leads.
 *
 * <p>Life of an append: {@link io.sediment.lsm.lane.LanePartition#append} assigns the offsets,
 * copies the batch once into a slab, adds it to the partition's tail (the memtable) and to the open
 * slot of the {@link io.sediment.lsm.lane.WriteAheadLog}; when the slot is acknowledged, in order,
 * each touched partition's {@link io.sediment.lsm.lane.PartitionListener} learns its new durable
 * offset. Life of a read: tail slices out of memory where the offset is still there, otherwise
 * whole blocks from L0 and WAL objects in the store.
 *
 * <p>A sealed lane, whoever wrote it, is a {@link io.sediment.lsm.lane.StoredLane}: read through
 * the caches of the open one, never appended to.
 *
 * <p>The write-ahead log is a port here, implemented by the {@code wal} module; the lane alone
 * knows the manifest.
 */
@NullMarked
package io.sediment.lsm.lane;

import org.jspecify.annotations.NullMarked;
