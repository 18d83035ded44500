package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * Reads one partition from its beginning, in order and without a gap, at times from an older offset
 * again: from its leader, or from a broker in its rack, whoever leads.
 */
final class ConsumerClient extends SimulatedClient {
  private static final short VERSION_WITH_NAMES = 12;
  private static final short LIST_OFFSETS_VERSION = 7;
  private static final int NO_SESSION = -1;
  private static final String NO_RACK = "";

  /** Told of each high watermark that a broker nearby tells. */
  interface NearbyWatch {
    void readable(Generation by, long highWatermark);
  }

  private final Place place;
  private final boolean seeks;
  private final String rack;
  private final NearbyWatch watch;
  private final NavigableMap<Long, String> records = new TreeMap<>();
  private final NavigableMap<Long, Long> times = new TreeMap<>(); // of the same records
  private final NavigableMap<Long, Integer> batchBytes = new TreeMap<>(); // by last offset
  private long position;
  private long begin;
  private long end = -1;
  private boolean looksUp; // and polls no more
  private int lookupsLeft;

  /**
   * @param seeks whether it goes back now and then
   */
  ConsumerClient(
      Simulation simulation,
      String name,
      Place place,
      boolean seeks,
      KafkaModel model,
      Bootstrap bootstrap) {
    this(simulation, name, place, seeks, model, bootstrap, NO_RACK, (by, highWatermark) -> {});
  }

  /**
   * @param rack of the broker that it asks
   */
  ConsumerClient(
      Simulation simulation,
      String name,
      Place place,
      boolean seeks,
      KafkaModel model,
      Bootstrap bootstrap,
      String rack,
      NearbyWatch watch) {
    super(simulation, name, model, bootstrap);
    this.place = place;
    this.seeks = seeks;
    this.rack = rack;
    this.watch = watch;
    later(this::poll, 500);
  }

  @Override
  boolean readsNearby() {
    return !rack.equals(NO_RACK);
  }

  @Override
  Place place() {
    return place;
  }

  /** Whether it has read all that it was told there is. */
  boolean isAtEnd() {
    return position == end;
  }

  long begin() {
    return begin;
  }

  long end() {
    return end;
  }

  /** What it read, and still is there. */
  NavigableMap<Long, String> records() {
    return records;
  }

  /** Of the batches that are still there, in whole or in part. */
  long bytes() {
    return batchBytes.tailMap(begin).values().stream().mapToLong(Integer::longValue).sum();
  }

  /** Asks for the first record of some times, once it has read everything. */
  void lookUp(int times) {
    looksUp = true;
    lookupsLeft = times;
    disconnect();
    later(this::lookUpNext, 5);
  }

  boolean hasLookedUp() {
    return lookupsLeft == 0;
  }

  private void lookUpNext() {
    SimulatedConnection open = connection();
    if (open == null) {
      later(this::lookUpNext, 500);
      return;
    }
    if (lookupsLeft == 0 || times.isEmpty()) {
      lookupsLeft = 0;
      return;
    }
    long offset = times.firstKey() + random.nextLong(times.lastKey() - times.firstKey() + 1);
    long timestamp = times.get(offset) + random.nextInt(3) - 1;
    timeOut(open, this::lookUpAgain);
    open.<ListOffsetsRequestData, ListOffsetsResponseData>send(
        ApiKeys.LIST_OFFSETS,
        LIST_OFFSETS_VERSION,
        lookup(timestamp),
        response -> {
          ListOffsetsPartitionResponse answer = response.topics().get(0).partitions().get(0);
          if (!isCurrent(open)) {
            return;
          }
          disconnect(); // ends the timeout as well
          if (answer.errorCode() == Errors.NONE.code()) {
            model.foundTimestamp(place, times, timestamp, answer.offset());
            lookupsLeft--;
          }
          later(this::lookUpNext, 50);
        });
  }

  private void lookUpAgain() {
    disconnect();
    later(this::lookUpNext, 100);
  }

  private ListOffsetsRequestData lookup(long timestamp) {
    return new ListOffsetsRequestData()
        .setReplicaId(-1)
        .setTopics(
            List.of(
                new ListOffsetsTopic()
                    .setName(place.topic())
                    .setPartitions(
                        List.of(
                            new ListOffsetsPartition()
                                .setPartitionIndex(place.partition())
                                .setCurrentLeaderEpoch(-1)
                                .setTimestamp(timestamp)))));
  }

  private void poll() {
    if (looksUp) {
      return;
    }
    SimulatedConnection open = connection();
    if (open == null) {
      later(this::poll, 500);
      return;
    }
    if (seeks && position > 0 && random.nextInt(30) == 0) {
      position = random.nextLong(position);
    }
    long from = position;
    boolean[] isAnswered = new boolean[1];
    timeOut(
        open,
        () -> {
          if (!isAnswered[0]) {
            network.trace("no answer from " + open.broker().process());
            pollAgain(100);
          }
        });
    open.<FetchRequestData, FetchResponseData>send(
        ApiKeys.FETCH,
        VERSION_WITH_NAMES,
        request(from),
        response -> {
          if (!isCurrent(open)) {
            return;
          }
          isAnswered[0] = true;
          answered(open.answeredUnder(), from, response);
        });
  }

  private void pollAgain(int millisMax) {
    disconnect();
    later(this::poll, millisMax);
  }

  private FetchRequestData request(long from) {
    int bytesMax = 1 + random.nextInt(20_000);
    return new FetchRequestData()
        .setReplicaId(-1)
        .setMaxWaitMs(500)
        .setMinBytes(1)
        .setMaxBytes(bytesMax)
        .setSessionId(0)
        .setSessionEpoch(NO_SESSION)
        .setRackId(rack)
        .setTopics(
            List.of(
                new FetchTopic()
                    .setTopic(place.topic())
                    .setPartitions(
                        List.of(
                            new FetchPartition()
                                .setPartition(place.partition())
                                .setCurrentLeaderEpoch(-1)
                                .setFetchOffset(from)
                                .setPartitionMaxBytes(bytesMax)))));
  }

  private void answered(Generation by, long from, FetchResponseData response) {
    PartitionData answer = response.responses().get(0).partitions().get(0);
    Errors error = Errors.forCode(answer.errorCode());
    switch (error) {
      case NONE -> {
        told(by, answer);
        take(by, from, answer);
        later(this::poll, seeks ? 200 : 5);
      }
      case OFFSET_OUT_OF_RANGE -> {
        network.trace(
            place
                + "@"
                + from
                + " is out of range "
                + answer.logStartOffset()
                + ".."
                + answer.highWatermark()
                + " at "
                + by);
        if (answer.highWatermark() >= 0) {
          told(by, answer);
        }
        if (answer.logStartOffset() > from) {
          position = answer.logStartOffset();
        }
        pollAgain(100);
      }
      case UNKNOWN_TOPIC_OR_PARTITION -> {
        model.isMissing(place, by);
        pollAgain(500);
      }
      case OFFSET_NOT_AVAILABLE -> {
        if (!readsNearby()) {
          simulation.fail("unexpected error: " + network.name() + " got " + error);
        }
        pollAgain(100);
      }
      case CORRUPT_MESSAGE -> {
        model.foundDamaged(place, by, from);
        pollAgain(100);
      }
      case NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR -> {
        network.trace(place + ": " + error + " from " + by);
        pollAgain(500);
      }
      default -> simulation.fail("unexpected error: " + network.name() + " got " + error);
    }
  }

  private void told(Generation by, PartitionData answer) {
    end = answer.highWatermark();
    begin = answer.logStartOffset();
    if (readsNearby()) {
      watch.readable(by, end);
    }
    records.headMap(begin).clear();
    times.headMap(begin).clear();
    model.readableTo(place, by, end);
    model.beginsAt(place, by, begin);
    if (begin > end) {
      simulation.fail("lost write: " + place + " begins at " + begin + ", beyond its end " + end);
    }
  }

  private void take(Generation by, long from, PartitionData answer) {
    long next = -1;
    for (RecordBatch batch : ((MemoryRecords) answer.records()).batches()) {
      long base = batch.baseOffset();
      if (next < 0 ? base > from || batch.lastOffset() < from : base != next) {
        simulation.fail(
            "poll skip: asked "
                + place
                + "@"
                + from
                + ", got "
                + base
                + " after "
                + next
                + " from "
                + by);
      }
      batch.ensureValid();
      batchBytes.put(batch.lastOffset(), batch.sizeInBytes());
      for (Record record : batch) {
        String value = valueOf(record.value());
        model.read(place, by, record.offset(), value, batch.hasProducerId());
        if (record.offset() >= begin) {
          records.put(record.offset(), value);
          times.put(record.offset(), record.timestamp());
        }
      }
      next = batch.nextOffset();
    }
    if (next > answer.highWatermark()) {
      simulation.fail(
          "uncommitted read: " + place + " to " + next + " beyond " + answer.highWatermark());
    }
    // Nearby a lane may not be known yet as far as its newest placement begins: that is to wait
    // for.
    boolean mayWait = readsNearby();
    if (next < 0 && from < answer.highWatermark() && from >= begin && !mayWait) {
      simulation.fail(
          "poll skip: nothing at "
              + place
              + "@"
              + from
              + " below "
              + answer.highWatermark()
              + " from "
              + by
              + " by "
              + network.name());
    }
    position = Math.max(position, next);
  }

  private static String valueOf(ByteBuffer bytes) {
    String text = StandardCharsets.US_ASCII.decode(bytes.duplicate()).toString();
    int end = text.indexOf(' ');
    return end < 0 ? text : text.substring(0, end);
  }
}
