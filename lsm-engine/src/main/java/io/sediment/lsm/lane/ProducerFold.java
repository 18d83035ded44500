package io.sediment.lsm.lane;

import io.sediment.lsm.memtable.PartitionTail;
import io.sediment.lsm.object.ProducerEntry;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Folds changes of producer states onto a snapshot, in log order. */
final class ProducerFold {
  private final Map<Long, ProducerEntry> states = new TreeMap<>();

  ProducerFold(List<ProducerEntry> snapshot) {
    add(snapshot);
  }

  void add(List<ProducerEntry> changes) {
    for (ProducerEntry change : changes) {
      states.merge(change.producerId(), change, ProducerEntry::then);
    }
  }

  /** In order of producer id. */
  List<ProducerEntry> states() {
    return List.copyOf(states.values());
  }

  /** The states after everything in memory. */
  static List<ProducerEntry> of(List<ProducerEntry> snapshot, PartitionState partition) {
    ProducerFold fold = new ProducerFold(snapshot);
    for (PartitionTail tail : partition.tails().tails()) {
      fold.add(tail.producerChanges());
    }
    return fold.states();
  }
}
