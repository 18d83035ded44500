package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.objectstore.ObjectKey;
import java.util.List;

/**
 * A run of level 1 as the manifest has it: its directory, and the objects that its blocks lie in.
 *
 * @param epoch of the compactor that wrote the directory
 * @param number from the counter that directories and L1 objects share
 * @param length of the directory in bytes
 * @param checksum of the directory, at its end
 * @param retentionClass what its partitions have in common, see {@code
 *     io.sediment.compactor.RetentionClass}
 * @param partitionCount sections with data
 * @param dataBytes of all blocks that it names
 * @param maxTimestamp of all records, {@link Long#MIN_VALUE} without any
 * @param coversAfter with {@code coversUpTo}: the flushed objects that went into it, or into
 *     another run of the same compaction, are among those in {@code (coversAfter, coversUpTo]}.
 *     Where the producer snapshots of an object that is gone are to be looked for
 * @param changesEpoch highest epoch of adopted WAL objects whose changes of producers the directory
 *     holds without a snapshot before them; 0 for none
 * @param objects what must stay in the store for as long as this run is named
 */
public record RunRef(
    long epoch,
    long number,
    long length,
    int checksum,
    int retentionClass,
    int partitionCount,
    long dataBytes,
    long maxTimestamp,
    Place coversAfter,
    Place coversUpTo,
    long changesEpoch,
    List<DataRef> objects) {
  public RunRef {
    objects = List.copyOf(objects);
    if (epoch < 1
        || number < 1
        || length < 1
        || retentionClass < 0
        || partitionCount < 0
        || dataBytes < 0
        || coversAfter.compareTo(coversUpTo) > 0
        || changesEpoch < 0) {
      throw new IllegalArgumentException(
          "run ref: epoch="
              + epoch
              + " number="
              + number
              + " length="
              + length
              + " retentionClass="
              + retentionClass
              + " partitionCount="
              + partitionCount
              + " dataBytes="
              + dataBytes
              + " coversAfter="
              + coversAfter
              + " coversUpTo="
              + coversUpTo
              + " changesEpoch="
              + changesEpoch);
    }
  }

  public ObjectKey key(LaneId lane) {
    return new LaneKeys(lane).data(epoch, number, DataKind.DIRECTORY);
  }

  /** Bytes of all objects that it keeps in the store, those of dead blocks and others' included. */
  public long storedBytes() {
    return objects.stream().mapToLong(DataRef::length).sum();
  }

  /** Whether this is the same run, whatever is recorded of it. */
  public boolean names(RunRef other) {
    return epoch == other.epoch && number == other.number;
  }

  /** Whether the producer snapshots of a flushed object may be in the directory. */
  public boolean covers(Place place) {
    return place.compareTo(coversAfter) > 0 && place.compareTo(coversUpTo) <= 0;
  }

  RunRef covering(Place after, Place upTo) {
    return new RunRef(
        epoch,
        number,
        length,
        checksum,
        retentionClass,
        partitionCount,
        dataBytes,
        maxTimestamp,
        after,
        upTo,
        changesEpoch,
        objects);
  }
}
