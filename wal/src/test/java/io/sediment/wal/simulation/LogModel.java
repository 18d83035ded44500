package io.sediment.wal.simulation;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * What Kafka's clients were told, and what they may therefore expect: a plain map from offsets to
 * values. Anomalies are named as Jepsen's Kafka tests name them.
 */
final class LogModel {
  /** One record: the producer's sequence number is its value, since no other record has it. */
  record Value(PartitionId partition, int sequence) {}

  /** A batch as its producer made it. */
  private record Sent(int sequence, int records, long timestamp, ByteBuffer content) {}

  private static final class PartitionModel {
    final NavigableMap<Long, Integer> acked = new TreeMap<>();
    final NavigableMap<Long, Integer> seen = new TreeMap<>();
    final NavigableMap<Integer, Long> offsets = new TreeMap<>();
    final NavigableMap<Integer, Sent> sent = new TreeMap<>();
    final NavigableMap<Long, Sent> batches = new TreeMap<>(); // by base offset, where it is known
    final NavigableMap<Long, Long> endByEpoch = new TreeMap<>();
  }

  private final Simulation simulation;
  private final NavigableMap<PartitionId, PartitionModel> partitions = new TreeMap<>();
  private long ackedRecords;
  private long reads;

  LogModel(Simulation simulation) {
    this.simulation = simulation;
  }

  private PartitionModel of(PartitionId partition) {
    return partitions.computeIfAbsent(partition, first -> new PartitionModel());
  }

  long ackedRecords() {
    return ackedRecords;
  }

  long reads() {
    return reads;
  }

  /** The owner of {@code epoch} says that everything below {@code offset} is durable. */
  void durable(PartitionId partition, long epoch, long offset) {
    of(partition).endByEpoch.merge(epoch, offset, Math::max);
  }

  /** A producer made a batch; what a broker may change of it is not compared. */
  void sent(PartitionId partition, SimulatedProducer.Pending batch) {
    ByteBuffer bytes = batch.bytes();
    of(partition)
        .sent
        .put(
            batch.sequence(),
            new Sent(
                batch.sequence(),
                batch.records(),
                RecordBatchLayout.maxTimestamp(bytes, 0),
                contentOf(bytes)));
  }

  /** A reader below a high watermark got this batch, from its position to its limit. */
  void readBatch(PartitionId partition, ByteBuffer batch, String by) {
    long offset = RecordBatchLayout.baseOffset(batch, 0);
    int sequence = RecordBatchLayout.baseSequence(batch, 0);
    Sent sent = of(partition).sent.get(sequence);
    if (sent == null || !contentOf(batch).equals(sent.content)) {
      simulation.fail(
          "inconsistent offsets: "
              + at(partition, offset)
              + " holds other bytes than were sent as "
              + sequence
              + ", read by "
              + by);
    }
  }

  private static ByteBuffer contentOf(ByteBuffer batch) {
    return batch.slice(RecordBatchLayout.MAGIC, batch.limit() - RecordBatchLayout.MAGIC);
  }

  /** A broker told a producer that its record has this offset. */
  void acked(PartitionId partition, long offset, int sequence) {
    PartitionModel model = of(partition);
    Integer before = model.acked.putIfAbsent(offset, sequence);
    if (before == null) {
      ackedRecords++;
    } else if (before != sequence) {
      simulation.fail(
          "inconsistent offsets: "
              + at(partition, offset)
              + " acknowledged for records "
              + before
              + " and "
              + sequence);
    }
    learnOffset(model, partition, offset, sequence);
    Integer seen = model.seen.get(offset);
    if (seen != null && seen != sequence) {
      simulation.fail(
          "inconsistent offsets: "
              + at(partition, offset)
              + " was read as "
              + seen
              + " and acknowledged as "
              + sequence);
    }
  }

  /** A reader below a high watermark got this record. */
  void read(PartitionId partition, long offset, int sequence, String by) {
    reads++;
    PartitionModel model = of(partition);
    Integer before = model.seen.putIfAbsent(offset, sequence);
    Integer acked = model.acked.get(offset);
    if ((before != null && before != sequence) || (acked != null && acked != sequence)) {
      simulation.fail(
          "inconsistent offsets: "
              + at(partition, offset)
              + " read as "
              + sequence
              + " by "
              + by
              + ", before as "
              + before
              + ", acknowledged as "
              + acked);
    }
    learnOffset(model, partition, offset, sequence);
  }

  private void learnOffset(PartitionModel model, PartitionId partition, long offset, int sequence) {
    Long other = model.offsets.putIfAbsent(sequence, offset);
    if (other != null && other != offset) {
      simulation.fail(
          "duplicate: record " + sequence + " is at " + at(partition, offset) + " and at " + other);
    }
    if (other == null) {
      checkOrder(model, partition, offset, sequence);
      Sent batch = model.sent.get(sequence);
      if (batch != null) {
        model.batches.put(offset, batch);
      }
    }
  }

  /** A partition has one producer here, whose records lie in the order in which it made them. */
  private void checkOrder(PartitionModel model, PartitionId partition, long offset, int sequence) {
    Map.Entry<Integer, Long> before = model.offsets.lowerEntry(sequence);
    Map.Entry<Integer, Long> after = model.offsets.higherEntry(sequence);
    boolean isInOrder =
        (before == null || before.getValue() < offset)
            && (after == null || after.getValue() > offset);
    if (!isInOrder) {
      simulation.fail(
          "nonmonotonic send: record "
              + sequence
              + " is at "
              + at(partition, offset)
              + ", records at their offsets beside it are "
              + before
              + " and "
              + after);
    }
  }

  /** A timestamp to look for, of something that was sent or beside it. */
  long someTimestamp(PartitionId partition, SplittableRandom random) {
    NavigableMap<Integer, Sent> sent = of(partition).sent;
    Map.Entry<Integer, Sent> batch =
        sent.isEmpty() ? null : sent.floorEntry(random.nextInt(sent.lastKey() + 1));
    return batch == null ? 0 : batch.getValue().timestamp + random.nextInt(3) - 1;
  }

  /**
   * Somebody looked for the first batch that has {@code timestamp} or a later one.
   *
   * @param from batches that end at or below it do not count
   * @param bound batches below it were durable before, and known to be to whoever looked
   */
  void foundTimestamp(
      PartitionId partition, long timestamp, long from, long bound, OptionalLong found, String by) {
    NavigableMap<Long, Sent> batches = of(partition).batches;
    for (Map.Entry<Long, Sent> each : batches.headMap(bound).entrySet()) {
      long base = each.getKey();
      boolean counts = base + each.getValue().records > from;
      if (counts && each.getValue().timestamp >= timestamp) {
        if (found.isEmpty() || found.getAsLong() > Math.max(from, base)) {
          failTimestamp(partition, timestamp, from, found, by, "one is at " + base);
        }
        break;
      }
    }
    if (found.isPresent()) {
      Map.Entry<Long, Sent> there = batches.floorEntry(found.getAsLong());
      boolean isKnown =
          there != null && found.getAsLong() < there.getKey() + there.getValue().records;
      if (isKnown && there.getValue().timestamp < timestamp) {
        failTimestamp(partition, timestamp, from, found, by, "there is " + there);
      }
    }
  }

  private void failTimestamp(
      PartitionId partition,
      long timestamp,
      long from,
      OptionalLong found,
      String by,
      String instead) {
    simulation.fail(
        "wrong offset for timestamp: "
            + timestamp
            + " from "
            + at(partition, from)
            + " on was found at "
            + found
            + " by "
            + by
            + ", "
            + instead);
  }

  /**
   * A new owner begins where the log ends: nothing that an older one acknowledged may lie beyond.
   * (A process that slept since it opened the lane may know less than its successors.)
   */
  void checkOpened(PartitionId partition, long epoch, long endOffset, String by) {
    of(partition)
        .endByEpoch
        .headMap(epoch)
        .forEach(
            (older, told) -> {
              if (told > endOffset) {
                simulation.fail(
                    "lost write: epoch "
                        + older
                        + " acknowledged up to "
                        + at(partition, told)
                        + ", "
                        + by
                        + " begins at "
                        + endOffset);
              }
            });
  }

  /** The whole log as the last auditor read it. */
  void checkComplete(PartitionId partition, NavigableMap<Long, Integer> log) {
    long next = 0;
    for (long offset : log.keySet()) {
      if (offset != next) {
        simulation.fail("hole in the log: " + at(partition, next) + " is missing");
      }
      next = offset + 1;
    }
    of(partition)
        .acked
        .forEach(
            (offset, sequence) -> {
              if (!sequence.equals(log.get(offset))) {
                simulation.fail(
                    "lost write: "
                        + at(partition, offset)
                        + " was acknowledged for record "
                        + sequence
                        + " and holds "
                        + log.get(offset));
              }
            });
  }

  private static String at(PartitionId partition, long offset) {
    return partition.partition() + "@" + offset;
  }
}
