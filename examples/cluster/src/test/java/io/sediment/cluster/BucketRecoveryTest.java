package io.sediment.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.frontend.net.RawClient;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.RefusedStartException.Reason;
import io.sediment.runtime.FreePorts;
import io.sediment.runtime.SystemPorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that come and go on one bucket, with all that they acknowledged. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BucketRecoveryTest {
  private static final String ORDERS = "orders";
  private static final String EMPTY = "empty";
  private static final TopicPartition RAW = new TopicPartition(ORDERS, 0);
  private static final long RAW_PRODUCER = 8_000_000;
  private static final int RAW_BATCH = 5;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private record Sent(String value, long timestamp) {}

  private record Running(Broker broker, int port) {
    String bootstrap() {
      return "127.0.0.1:" + port;
    }
  }

  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();
  private final List<Broker> brokers = new ArrayList<>();
  private final long firstTimestamp = SystemPorts.wallClock().millis();
  private final Map<TopicPartition, TreeMap<Long, Sent>> acked = new HashMap<>();
  private int sent;

  @AfterEach
  void stop() {
    brokers.forEach(Broker::close);
  }

  @Test
  void whatWasAcknowledgedOutlivesEveryDiskAndTheOldBrokerIsFenced() throws Exception {
    Running first = start("raft-1", false);
    createTopics(first);
    produce(first, 200);
    assertThat(produceRaw(first, 0)).isEqualTo(Errors.NONE);
    produce(first, 100);
    assertThat(produceRaw(first, RAW_BATCH)).isEqualTo(Errors.NONE);

    // The first one is still there, and nothing of this has left its memory but through the log.
    assertThatThrownBy(() -> start("raft-2", false))
        .isInstanceOfSatisfying(
            RefusedStartException.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(Reason.EMPTY_RAFT_FOLDER);
              assertThat(refused).hasMessageContaining("RECOVER_FROM_BUCKET=true");
              assertThat(Main.exitStatus(refused)).isEqualTo(2);
            });
    Running second = start("raft-2", true);
    assertHasEverything(second);
    assertKnowsTheProducer(second, RAW_BATCH);
    assertEndsAsTakenOver(first);

    produce(second, 100);
    assertThat(produceRaw(second, 2 * RAW_BATCH)).isEqualTo(Errors.NONE);
    second.broker.close();
    deleteFolder("raft-2");
    assertThatThrownBy(() -> start("raft-2", false)).isInstanceOf(RefusedStartException.class);
    Running third = start("raft-2", true);
    assertHasEverything(third);
    assertKnowsTheProducer(third, 2 * RAW_BATCH);
    produce(third, 50);

    third.broker.close();
    Running again = start("raft-2", true);
    assertKnowsTheProducer(again, 2 * RAW_BATCH);
    assertThat(produceRaw(again, 3 * RAW_BATCH)).isEqualTo(Errors.NONE);
    assertHasEverything(again);
  }

  private Running start(String raftFolder, boolean recover) throws Exception {
    LoopbackSettings settings =
        new LoopbackSettings(ports)
            .with("DATA_PATH", temp.resolve("data"))
            .with("RAFT_PATH", temp.resolve(raftFolder))
            .with("RECOVER_FROM_BUCKET", recover);
    Broker broker = Broker.start(BrokerSettings.from(settings.environment()));
    brokers.add(broker);
    return new Running(broker, settings.port());
  }

  private void deleteFolder(String name) throws IOException {
    try (Stream<Path> all = Files.walk(temp.resolve(name))) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static Map<String, Object> clientConfig(Running broker) {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrap());
  }

  private static void createTopics(Running broker) throws Exception {
    try (Admin admin = Admin.create(clientConfig(broker))) {
      NewTopic orders =
          new NewTopic(ORDERS, 3, (short) 1).configs(Map.of("max.message.bytes", "123456"));
      admin
          .createTopics(List.of(orders, new NewTopic(EMPTY, 1, (short) 1)))
          .all()
          .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private void produce(Running broker, int records) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(clientConfig(broker), new StringSerializer(), new StringSerializer())) {
      Map<Future<RecordMetadata>, Sent> sends = new HashMap<>();
      for (int i = 0; i < records; i++) {
        Sent next = next("record");
        sends.put(
            producer.send(
                new ProducerRecord<>(ORDERS, i % 3, next.timestamp(), "key", next.value())),
            next);
      }
      for (Map.Entry<Future<RecordMetadata>, Sent> send : sends.entrySet()) {
        RecordMetadata where = send.getKey().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        note(new TopicPartition(ORDERS, where.partition()), where.offset(), send.getValue());
      }
    }
  }

  private Sent next(String what) {
    int number = sent++;
    return new Sent(what + "-" + number, firstTimestamp + number);
  }

  private void note(TopicPartition partition, long offset, Sent record) {
    Sent before = acked.computeIfAbsent(partition, none -> new TreeMap<>()).put(offset, record);
    assertThat(before).as("two records at offset %s of %s", offset, partition).isNull();
  }

  /** One batch of a producer whose every sequence number is known here. */
  private Errors produceRaw(Running broker, int firstSequence) throws IOException {
    List<Sent> batch = new ArrayList<>();
    for (int i = 0; i < RAW_BATCH; i++) {
      batch.add(next("raw"));
    }
    PartitionProduceResponse answer = sendRaw(broker, firstSequence, batch);
    if (answer.errorCode() == Errors.NONE.code()) {
      for (int i = 0; i < RAW_BATCH; i++) {
        note(RAW, answer.baseOffset() + i, batch.get(i));
      }
    }
    return Errors.forCode(answer.errorCode());
  }

  private static PartitionProduceResponse sendRaw(
      Running broker, int firstSequence, List<Sent> batch) throws IOException {
    try (RawClient client = new RawClient(broker.port)) {
      ProduceResponse response = (ProduceResponse) client.call(rawRequest(firstSequence, batch));
      return response.data().responses().iterator().next().partitionResponses().get(0);
    }
  }

  private static ProduceRequest rawRequest(int firstSequence, List<Sent> batch) {
    MemoryRecords records =
        MemoryRecords.withIdempotentRecords(
            Compression.NONE,
            RAW_PRODUCER,
            (short) 0,
            firstSequence,
            batch.stream()
                .map(one -> new SimpleRecord(one.timestamp(), one.value().getBytes(UTF_8)))
                .toArray(SimpleRecord[]::new));
    TopicProduceData topic =
        new TopicProduceData()
            .setName(RAW.topic())
            .setPartitionData(
                List.of(new PartitionProduceData().setIndex(RAW.partition()).setRecords(records)));
    ProduceRequestData data =
        new ProduceRequestData()
            .setAcks((short) -1)
            .setTimeoutMs((int) PATIENCE.toMillis())
            .setTopicData(new TopicProduceDataCollection(List.of(topic).iterator()));
    return new ProduceRequest(data, (short) 12);
  }

  /** Its last batch again is that batch; one out of order is refused. */
  private void assertKnowsTheProducer(Running broker, int lastFirstSequence) throws IOException {
    List<Sent> again = new ArrayList<>();
    for (int i = 0; i < RAW_BATCH; i++) {
      again.add(new Sent("again", firstTimestamp));
    }
    PartitionProduceResponse duplicate = sendRaw(broker, lastFirstSequence, again);
    assertThat(Errors.forCode(duplicate.errorCode())).isEqualTo(Errors.NONE);
    assertThat(acked.get(RAW).get(duplicate.baseOffset()).value()).startsWith("raw-");
    assertThat(Errors.forCode(sendRaw(broker, lastFirstSequence + 500, again).errorCode()))
        .isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
  }

  private void assertHasEverything(Running broker) throws Exception {
    try (Admin admin = Admin.create(clientConfig(broker))) {
      Set<String> topics = admin.listTopics().names().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(topics).contains(ORDERS, EMPTY);
      ConfigResource orders = new ConfigResource(ConfigResource.Type.TOPIC, ORDERS);
      assertThat(
              admin
                  .describeConfigs(List.of(orders))
                  .all()
                  .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                  .get(orders)
                  .get("max.message.bytes")
                  .value())
          .isEqualTo("123456");
    }
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            clientConfig(broker), new StringDeserializer(), new StringDeserializer())) {
      for (Map.Entry<TopicPartition, TreeMap<Long, Sent>> one : acked.entrySet()) {
        assertThat(readAll(consumer, one.getKey())).isEqualTo(one.getValue());
        assertFindsTimestamps(consumer, one.getKey(), one.getValue());
      }
      TopicPartition empty = new TopicPartition(EMPTY, 0);
      assertThat(consumer.endOffsets(List.of(empty))).containsEntry(empty, 0L);
    }
  }

  private static TreeMap<Long, Sent> readAll(
      KafkaConsumer<String, String> consumer, TopicPartition partition) {
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    long end = consumer.endOffsets(List.of(partition)).get(partition);
    TreeMap<Long, Sent> records = new TreeMap<>();
    for (int polls = 0; consumer.position(partition) < end && polls < 100; polls++) {
      for (ConsumerRecord<String, String> read : consumer.poll(Duration.ofSeconds(1))) {
        records.put(read.offset(), new Sent(read.value(), read.timestamp()));
      }
    }
    return records;
  }

  private static void assertFindsTimestamps(
      KafkaConsumer<String, String> consumer,
      TopicPartition partition,
      TreeMap<Long, Sent> records) {
    // Timestamps only grow here; some from each lane are among these.
    long step = Math.max(1, records.size() / 7);
    for (long offset = 0; offset < records.size(); offset += step) {
      long timestamp = records.get(offset).timestamp();
      OffsetAndTimestamp found =
          consumer.offsetsForTimes(Map.of(partition, timestamp)).get(partition);
      assertThat(found).as("timestamp of offset %s", offset).isNotNull();
      assertThat(found.offset()).isEqualTo(offset);
      assertThat(found.timestamp()).isEqualTo(timestamp);
    }
  }

  /** It finds out when it wants to acknowledge something, if not earlier. */
  private static void assertEndsAsTakenOver(Running old) throws Exception {
    try (RawClient client = new RawClient(old.port)) {
      client.send(rawRequest(2 * RAW_BATCH, List.of(new Sent("too late", 0))));
      Throwable end =
          CompletableFuture.supplyAsync(old.broker::awaitEnd)
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(end).isNotNull();
      assertThat(Main.exitStatus(end)).isEqualTo(Main.EXIT_DATA_IN_USE);
    }
    old.broker.close();
  }
}
