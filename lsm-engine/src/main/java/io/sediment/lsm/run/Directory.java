package io.sediment.lsm.run;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Where what lies in a run: the index of all its sections in one object. Immutable.
 *
 * @param epoch of the compactor that wrote it
 * @param number from the counter that directories and L1 objects share
 * @param objects that the blocks lie in
 * @param sections by partition
 */
public record Directory(
    LaneId lane,
    long epoch,
    long number,
    int retentionClass,
    List<DataRef> objects,
    List<RunSection> sections) {
  public Directory {
    objects = List.copyOf(objects);
    sections = List.copyOf(sections);
    PartitionId previous = null;
    for (RunSection section : sections) {
      if (previous != null && previous.compareTo(section.partition()) >= 0) {
        throw new IllegalArgumentException(
            "directory: section " + section.partition() + " after section " + previous);
      }
      previous = section.partition();
      for (RunBlock block : section.blocks()) {
        if (block.object() < 0 || block.object() >= objects.size()) {
          throw new IllegalArgumentException("directory: " + block + " objects=" + objects.size());
        }
      }
    }
  }

  /** How a manifest names this directory, stored in {@code length} bytes with {@code checksum}. */
  public RunRef ref(long length, int checksum) {
    int partitions = 0;
    long dataBytes = 0;
    long maxTimestamp = Long.MIN_VALUE;
    long changesEpoch = 0;
    for (RunSection section : sections) {
      partitions += section.blocks().isEmpty() ? 0 : 1;
      dataBytes += section.dataBytes();
      maxTimestamp = Math.max(maxTimestamp, section.maxTimestamp());
      changesEpoch = Math.max(changesEpoch, section.producers().changesEpoch());
    }
    return new RunRef(
        epoch,
        number,
        length,
        checksum,
        retentionClass,
        partitions,
        dataBytes,
        maxTimestamp,
        Place.NONE,
        Place.NONE,
        changesEpoch,
        objects);
  }

  public Optional<RunSection> section(PartitionId partition) {
    int low = 0;
    int high = sections.size();
    Comparator<PartitionId> order = Comparator.naturalOrder();
    while (low < high) {
      int middle = (low + high) >>> 1;
      int compared = order.compare(sections.get(middle).partition(), partition);
      if (compared == 0) {
        return Optional.of(sections.get(middle));
      }
      if (compared < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return Optional.empty();
  }
}
