package io.sediment.compactor.keys;

import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * A partition as clients write it: batches of every codec, keys that come again, tombstones,
 * idempotent producers, transactions that commit, abort or stay open. One seed makes one history.
 */
final class History {
  private static final List<Compression> CODECS =
      List.of(
          Compression.NONE,
          Compression.gzip().build(),
          Compression.snappy().build(),
          Compression.lz4().build(),
          Compression.zstd().build());
  private static final int LEADER_EPOCH = 7;

  /** What the log remembers of a producer, and its open transaction. */
  private static final class Producer {
    short epoch;
    int sequence;
    long txnFirstOffset = ProducerEntry.NO_OPEN_TXN;
    List<ProducerEntry.Batch> batches = new ArrayList<>();
  }

  private final RandomGenerator random;
  private final int keys;
  private final boolean transactions;
  private final Map<Long, Producer> producers = new TreeMap<>();
  private final List<AbortedTxn> aborted = new ArrayList<>();
  private long nextOffset;
  private long nowMs = 1_700_000_000_000L;

  /**
   * @param keys how many different ones there are
   */
  History(RandomGenerator random, int keys) {
    this(random, keys, true);
  }

  History(RandomGenerator random, int keys, boolean transactions) {
    this.random = random;
    this.transactions = transactions;
    this.keys = keys;
  }

  long nowMs() {
    return nowMs;
  }

  void pass(long ms) {
    nowMs += ms;
  }

  long nextOffset() {
    return nextOffset;
  }

  /** From here on, some transaction is open. */
  long lastStableOffset() {
    return producers.values().stream()
        .mapToLong(producer -> producer.txnFirstOffset)
        .filter(offset -> offset != ProducerEntry.NO_OPEN_TXN)
        .min()
        .orElse(nextOffset);
  }

  List<AbortedTxn> aborted() {
    return aborted;
  }

  List<ProducerEntry> producers() {
    List<ProducerEntry> entries = new ArrayList<>();
    producers.forEach(
        (id, producer) -> {
          List<ProducerEntry.Batch> batches = producer.batches;
          int from = Math.max(0, batches.size() - ProducerEntry.BATCHES_KEPT);
          entries.add(
              new ProducerEntry(
                  id,
                  producer.epoch,
                  0,
                  producer.txnFirstOffset,
                  nowMs,
                  batches.subList(from, batches.size())));
        });
    return entries;
  }

  /** The next batch of the log. */
  ByteBuffer next() {
    nowMs += random.nextInt(50);
    int kind = random.nextInt(10);
    if (kind < 4) {
      return data(RecordBatch.NO_PRODUCER_ID, false);
    }
    if (kind < 6 || !transactions) {
      return data(random.nextInt(3), false);
    }
    long id = 100 + random.nextInt(3);
    Producer producer = producers.get(id);
    boolean open = producer != null && producer.txnFirstOffset != ProducerEntry.NO_OPEN_TXN;
    return open && random.nextInt(3) == 0 ? marker(id, producer) : data(id, true);
  }

  /** Ends all open transactions, one batch each. */
  List<ByteBuffer> endTransactions() {
    List<ByteBuffer> markers = new ArrayList<>();
    producers.forEach(
        (id, producer) -> {
          if (producer.txnFirstOffset != ProducerEntry.NO_OPEN_TXN) {
            markers.add(marker(id, producer));
          }
        });
    return markers;
  }

  private ByteBuffer data(long producerId, boolean transactional) {
    int count = 1 + random.nextInt(6);
    short epoch = RecordBatch.NO_PRODUCER_EPOCH;
    int sequence = RecordBatch.NO_SEQUENCE;
    if (producerId != RecordBatch.NO_PRODUCER_ID) {
      Producer producer = producers.computeIfAbsent(producerId, id -> new Producer());
      if (!transactional && random.nextInt(12) == 0) {
        producer.epoch++;
        producer.sequence = 0;
        producer.batches.clear();
      }
      epoch = producer.epoch;
      sequence = producer.sequence;
      long last = nextOffset + count - 1;
      producer.batches.add(
          new ProducerEntry.Batch(sequence, sequence + count - 1, nextOffset, last, nowMs));
      producer.sequence += count;
      if (transactional && producer.txnFirstOffset == ProducerEntry.NO_OPEN_TXN) {
        producer.txnFirstOffset = nextOffset;
      }
    }
    boolean logAppendTime = random.nextInt(8) == 0;
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(512),
            RecordBatch.CURRENT_MAGIC_VALUE,
            CODECS.get(random.nextInt(CODECS.size())),
            logAppendTime ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME,
            nextOffset,
            nowMs,
            producerId,
            epoch,
            sequence,
            transactional,
            LEADER_EPOCH);
    for (int i = 0; i < count; i++) {
      builder.append(nowMs - random.nextInt(100), key(), value(), headers());
    }
    nextOffset += count;
    return builder.build().buffer();
  }

  private ByteBuffer marker(long id, Producer producer) {
    boolean commits = random.nextBoolean();
    if (random.nextInt(4) == 0) { // as transactions of version 2 end
      producer.epoch++;
      producer.sequence = 0;
      producer.batches.clear();
    }
    if (!commits) {
      aborted.add(new AbortedTxn(id, producer.txnFirstOffset, nextOffset, nextOffset));
    }
    producer.txnFirstOffset = ProducerEntry.NO_OPEN_TXN;
    ControlRecordType type = commits ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
    MemoryRecords marker =
        MemoryRecords.withEndTransactionMarker(
            nextOffset, nowMs, LEADER_EPOCH, id, producer.epoch, new EndTransactionMarker(type, 0));
    nextOffset++;
    return marker.buffer();
  }

  private byte @Nullable [] key() {
    return random.nextInt(60) == 0
        ? null // from before the topic was compacted
        : ("key-" + random.nextInt(keys)).getBytes(StandardCharsets.UTF_8);
  }

  private byte @Nullable [] value() {
    if (random.nextInt(4) == 0) {
      return null;
    }
    byte[] value = new byte[random.nextInt(40)];
    random.nextBytes(value);
    return value;
  }

  private Header[] headers() {
    return random.nextInt(4) == 0
        ? new Header[] {new RecordHeader("h", new byte[] {1, 2}), new RecordHeader("n", null)}
        : new Header[0];
  }
}
