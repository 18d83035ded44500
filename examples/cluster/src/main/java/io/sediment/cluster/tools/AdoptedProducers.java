package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import io.sediment.lsm.object.SortedObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * That a partition table knows no less of producers than the WAL objects that its lane has adopted
 * (I9): whoever goes on with a partition believes the table. Takes the objects in log order. It may
 * know more, since objects go when their records are deleted; and where it did not come with the
 * adoption, nothing of a producer, which has expired.
 */
final class AdoptedProducers {
  /** Number of the table that comes with an adoption. */
  private static final long ADOPTION_TABLE = 1;

  private record Adopted(long epoch, PartitionId partition) {}

  private final Map<Adopted, ProducerStates> changes = new HashMap<>();
  private long newestEpoch;

  void add(L0Ref ref, SortedObject object) {
    newestEpoch = ref.epoch();
    object
        .sections()
        .forEach(
            section ->
                changes
                    .computeIfAbsent(
                        new Adopted(ref.epoch(), section.partition()), none -> new ProducerStates())
                    .apply(section.producers()));
  }

  void check(PartitionTable table, String tableKey, Consumer<Finding> findings) {
    // What was written in the epoch before nobody else can have adopted; a later one may have.
    boolean cameWithThese = table.number() == ADOPTION_TABLE && table.epoch() == newestEpoch + 1;
    table
        .rows()
        .forEach(
            (partition, row) -> {
              ProducerStates adopted = changes.get(new Adopted(newestEpoch, partition));
              if (adopted != null && isSaidBy(row)) {
                for (ProducerEntry producer : adopted.snapshot()) {
                  ProducerEntry said = lastSaid(row, producer.producerId());
                  if (said == null ? cameWithThese : !knows(said, producer)) {
                    findings.accept(finding(tableKey, partition, producer, said));
                  }
                }
              }
            });
  }

  /** Else a snapshot has what was adopted, or the table is of a version that does not know. */
  private boolean isSaidBy(Row row) {
    SnapshotRef snapshot = row.producers();
    boolean isInSnapshot = snapshot != null && snapshot.epoch() > newestEpoch;
    return row.sinceSnapshot().isKnown() && !isInSnapshot;
  }

  private static @Nullable ProducerEntry lastSaid(Row row, long producerId) {
    ProducerEntry said = null;
    for (ProducerEntry entry : row.sinceSnapshot().entries()) {
      if (entry.producerId() == producerId) {
        said = entry;
      }
    }
    return said;
  }

  private static Finding finding(
      String tableKey, PartitionId partition, ProducerEntry adopted, @Nullable ProducerEntry said) {
    return Finding.damage(
        Check.I9,
        tableKey,
        "partition="
            + partition
            + " producers: the log has "
            + adopted
            + " and the table "
            + (said == null ? "nothing" : said));
  }

  private static boolean knows(ProducerEntry said, ProducerEntry adopted) {
    ProducerEntry.Batch last = lastBatch(adopted);
    ProducerEntry.Batch lastSaid = lastBatch(said);
    return last == null
        || said.batches().contains(last)
        || (lastSaid != null && lastSaid.baseOffset() > last.baseOffset())
        || said.producerEpoch() > adopted.producerEpoch(); // a marker forgets batches
  }

  private static ProducerEntry.@Nullable Batch lastBatch(ProducerEntry producer) {
    List<ProducerEntry.Batch> batches = producer.batches();
    return batches.isEmpty() ? null : batches.get(batches.size() - 1);
  }
}
