package io.sediment.lsm.lane;

import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.scan.ScanCounters;

/**
 * A lane in numbers, as of one moment.
 *
 * @param memtableBytes of the memtable being filled
 * @param unflushedBytes cut, and not yet committed as L0
 * @param unackedBytes not yet acknowledged by the write-ahead log
 * @param l0Objects number of objects in level 0, adopted WAL objects included
 * @param runs number of runs in level 1
 * @param runBytes of all blocks that they name
 * @param reads what reading has cost
 */
public record LaneStats(
    int partitions,
    long memtableBytes,
    long unflushedBytes,
    long unackedBytes,
    int l0Objects,
    long l0Bytes,
    int runs,
    long runBytes,
    long manifestId,
    ScanCounters reads) {

  static LaneStats of(LaneParts parts, LaneWriter writer, LaneFlusher flusher) {
    Manifest manifest = parts.objects().view().manifest();
    return new LaneStats(
        parts.partitions().size(),
        writer.activeBytes(),
        flusher.waitingBytes(),
        writer.unackedBytes(),
        manifest.l0().size(),
        manifest.l0DataBytes(),
        manifest.level1().runs().size(),
        manifest.level1().dataBytes(),
        manifest.id(),
        parts.counters());
  }
}
