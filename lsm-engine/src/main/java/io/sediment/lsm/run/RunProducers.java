package io.sediment.lsm.run;

import io.sediment.lsm.object.ProducerEntry;
import java.util.List;

/**
 * What a run knows of a partition's producers.
 *
 * @param changesEpoch 0 where the entries are the state as of the section's end; else they are
 *     changes out of adopted WAL objects up to this epoch, in log order, to be applied to the state
 *     before the run
 */
public record RunProducers(long changesEpoch, List<ProducerEntry> entries) {
  public static final RunProducers NONE = new RunProducers(0, List.of());

  public RunProducers {
    entries = List.copyOf(entries);
    if (changesEpoch < 0) {
      throw new IllegalArgumentException("run producers: changesEpoch=" + changesEpoch);
    }
  }

  public boolean isEmpty() {
    return entries.isEmpty();
  }

  public boolean isSnapshot() {
    return !entries.isEmpty() && changesEpoch == 0;
  }
}
