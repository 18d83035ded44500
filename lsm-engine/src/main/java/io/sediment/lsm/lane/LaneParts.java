package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.memtable.TailCache;
import io.sediment.lsm.scan.BlockCache;
import io.sediment.lsm.scan.IndexCache;
import io.sediment.lsm.scan.ScanCounters;
import java.util.concurrent.ConcurrentMap;

/** What the parts of one open lane share. */
record LaneParts(
    LaneEnvironment environment,
    LaneConfig config,
    LaneId lane,
    WriterTerm term,
    PatientStore store,
    ManifestStore manifests,
    LaneObjects objects,
    IndexCache indexes,
    BlockCache blocks,
    ScanCounters counters,
    TailCache tailCache,
    LaneGarbage garbage,
    ConcurrentMap<PartitionId, PartitionState> partitions) {
  ProducerExpiry producerExpiry() {
    return new ProducerExpiry(environment.clock(), config.producerExpiry());
  }
}
