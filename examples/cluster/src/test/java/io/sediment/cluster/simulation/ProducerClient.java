package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * A producer of one partition, as Kafka's is: up to five batches under way, sent again in order
 * until each is acknowledged. One that listens goes where an answer sends it, at once. An
 * idempotent one now and then raises its epoch or takes a new id, when nothing is under way; a
 * plain one may leave what it repeats twice.
 */
final class ProducerClient extends SimulatedClient {
  private static final int IN_FLIGHT_MAX = 5;
  private static final short VERSION_WITH_LEADERS = 12;
  private static final short VERSION_WITHOUT_LEADERS = 9;
  private static final Set<Errors> WORTH_A_RETRY =
      EnumSet.of(
          Errors.NOT_LEADER_OR_FOLLOWER,
          Errors.OUT_OF_ORDER_SEQUENCE_NUMBER,
          Errors.KAFKA_STORAGE_ERROR,
          Errors.REQUEST_TIMED_OUT,
          Errors.UNKNOWN_TOPIC_OR_PARTITION);

  private record Batch(int number, List<String> values, byte[] bytes) {}

  private final Place place;
  private final boolean idempotent;
  private final SplittableRandom delays; // between a record's time and its being sent
  private final TreeMap<Integer, Batch> unacked = new TreeMap<>();
  private long producerId = -1;
  private short epoch;
  private int nextSequence;
  private int nextBatch;
  private int nextValue;
  private boolean isKnown; // to the partition, under this id and epoch
  private boolean producing = true;
  private boolean pausing;

  ProducerClient(
      Simulation simulation,
      String name,
      Place place,
      boolean idempotent,
      KafkaModel model,
      Bootstrap bootstrap) {
    super(simulation, name, model, bootstrap);
    this.place = place;
    this.idempotent = idempotent;
    this.delays = simulation.random("delays of " + network);
    later(this::produce, 500);
  }

  @Override
  Place place() {
    return place;
  }

  void stop() {
    producing = false;
  }

  boolean hasNothingUnacked() {
    return unacked.isEmpty();
  }

  private void produce() {
    if (!producing) {
      return;
    }
    later(this::produce, random.nextInt(4) == 0 ? 2_000 : 150);
    if (unacked.size() >= inFlightMax() || pausing) {
      return;
    }
    if (idempotent && (producerId < 0 || unacked.isEmpty() && random.nextInt(80) == 0)) {
      takeId();
      return;
    }
    if (idempotent && unacked.isEmpty() && random.nextInt(60) == 0) {
      epoch++;
      nextSequence = 0;
      isKnown = false;
    }
    Batch batch = newBatch();
    unacked.put(batch.number(), batch);
    send(batch);
  }

  /**
   * Of a producer that a partition does not know it takes whatever comes first, as Kafka does:
   * where the first batch was refused and the second one was not, the first one can never follow.
   */
  private int inFlightMax() {
    return idempotent && !isKnown ? 1 : IN_FLIGHT_MAX;
  }

  private void takeId() {
    SimulatedConnection open = connection();
    if (open == null) {
      return;
    }
    pausing = true;
    timeOut(open, () -> reconnectLater(300));
    open.<InitProducerIdRequestData, InitProducerIdResponseData>send(
        ApiKeys.INIT_PRODUCER_ID,
        ApiKeys.INIT_PRODUCER_ID.latestVersion(),
        new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(1_000),
        answer -> {
          pausing = false;
          if (answer.errorCode() == Errors.NONE.code()) {
            model.producerId(answer.producerId(), network.name());
            producerId = answer.producerId();
            epoch = answer.producerEpoch();
            nextSequence = 0;
            isKnown = false;
          }
          disconnect();
        });
  }

  private Batch newBatch() {
    List<String> values = new ArrayList<>();
    SimpleRecord[] records = new SimpleRecord[1 + random.nextInt(3)];
    int padding = random.nextInt(8) == 0 ? 2_000 + random.nextInt(6_000) : 20 + random.nextInt(150);
    for (int i = 0; i < records.length; i++) {
      String value = network.name() + "#" + nextValue++;
      values.add(value);
      records[i] =
          new SimpleRecord(
              network.millis() - delay(),
              (value + " " + "x".repeat(padding)).getBytes(StandardCharsets.US_ASCII));
    }
    MemoryRecords batch =
        idempotent
            ? MemoryRecords.withIdempotentRecords(
                Compression.NONE, producerId, epoch, nextSequence, records)
            : MemoryRecords.withRecords(Compression.NONE, records);
    nextSequence += records.length;
    byte[] bytes = new byte[batch.sizeInBytes()];
    batch.buffer().duplicate().get(bytes);
    return new Batch(nextBatch++, values, bytes);
  }

  /** Mostly none; some records are old when they are sent, so that times do not only rise. */
  private int delay() {
    return delays.nextInt(3) == 0 ? delays.nextInt(20_000) : 0;
  }

  private void send(Batch batch) {
    SimulatedConnection open = connection();
    if (open == null) {
      reconnectLater(500);
      return;
    }
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(5_000);
    request
        .topicData()
        .add(
            new TopicProduceData()
                .setName(place.topic())
                .setPartitionData(
                    List.of(
                        new PartitionProduceData()
                            .setIndex(place.partition())
                            .setRecords(
                                MemoryRecords.readableRecords(
                                    ByteBuffer.wrap(batch.bytes().clone()))))));
    timeOut(
        open,
        () -> {
          if (unacked.containsKey(batch.number())) {
            network.trace("no answer to batch " + batch.number());
            reconnectLater(300);
          }
        });
    open.<ProduceRequestData, ProduceResponseData>send(
        ApiKeys.PRODUCE,
        bootstrap.listens() ? VERSION_WITH_LEADERS : VERSION_WITHOUT_LEADERS,
        request,
        answer -> answered(open, batch, answer));
  }

  private void answered(SimulatedConnection by, Batch batch, ProduceResponseData response) {
    PartitionProduceResponse answer =
        response.responses().iterator().next().partitionResponses().get(0);
    Errors error = Errors.forCode(answer.errorCode());
    network.trace(
        "batch "
            + batch.number()
            + " of "
            + place
            + ": "
            + error
            + " @"
            + answer.baseOffset()
            + " by "
            + by.answeredUnder());
    if (error == Errors.NONE) {
      model.acked(place, by.answeredUnder(), answer.baseOffset(), batch.values(), idempotent);
      isKnown = true;
    }
    if (error == Errors.NONE || error == Errors.DUPLICATE_SEQUENCE_NUMBER) {
      if (isCurrent(by) && random.nextInt(200) == 0) {
        reconnectLater(300); // as if the answer were lost
      } else {
        unacked.remove(batch.number());
      }
      return;
    }
    if (error == Errors.NOT_LEADER_OR_FOLLOWER
        && bootstrap.told(
            answer.currentLeader().leaderId(), answer.currentLeader().leaderEpoch())) {
      leave();
      sendAgainLater(1);
      return;
    }
    if (!isCurrent(by)) {
      return;
    }
    if (error == Errors.UNKNOWN_TOPIC_OR_PARTITION) {
      model.isMissing(place, by.answeredUnder());
    }
    if (!WORTH_A_RETRY.contains(error)) {
      simulation.fail(
          "unexpected error: " + network.name() + " got " + error + ": " + answer.errorMessage());
    }
    reconnectLater(300);
  }

  private void reconnectLater(int millisMax) {
    disconnect();
    sendAgainLater(millisMax);
  }

  private void sendAgainLater(int millisMax) {
    if (pausing && unacked.isEmpty()) {
      pausing = false;
      return;
    }
    if (pausing) {
      return;
    }
    pausing = true;
    later(
        () -> {
          pausing = false;
          List.copyOf(unacked.values())
              .forEach(
                  batch -> {
                    if (!pausing) {
                      send(batch);
                    }
                  });
        },
        millisMax);
  }
}
