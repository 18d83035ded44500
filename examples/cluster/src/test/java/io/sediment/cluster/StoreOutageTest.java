package io.sediment.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.frontend.net.RawClient;
import io.sediment.objectstore.s3.AnswerDelay;
import io.sediment.objectstore.s3.FaultProxy;
import io.sediment.objectstore.s3.FaultScript;
import io.sediment.objectstore.s3.ProxyFault;
import io.sediment.objectstore.s3.S3LoopbackServer;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A whole broker on S3 whose bucket goes away for longer than a produce may take, or misbehaves.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class StoreOutageTest {
  private static final TopicPartition LOG = new TopicPartition("log", 0);
  private static final int PRODUCE_TIMEOUT_MS = 1000;
  private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(5); // as with Kafka
  private static final List<String> CREDENTIALS = List.of("aws.accessKeyId", "aws.secretAccessKey");

  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();
  private final Map<String, String> propertiesBefore = new HashMap<>();
  private final S3LoopbackServer server = S3LoopbackServer.inMemory();
  private volatile FaultScript faults = FaultScript.calm();
  private final FaultProxy proxy =
      FaultProxy.start(
          server.endpoint(), (method, target) -> faults.next(method, target), AnswerDelay.none());
  private int port;
  private Broker broker;

  @BeforeEach
  void start() throws Exception {
    CREDENTIALS.forEach(name -> propertiesBefore.put(name, System.getProperty(name)));
    System.setProperty(CREDENTIALS.get(0), S3LoopbackServer.ACCESS_KEY);
    System.setProperty(CREDENTIALS.get(1), S3LoopbackServer.SECRET_KEY);
    LoopbackSettings settings = new LoopbackSettings(ports);
    port = settings.port();
    broker = start(settings, proxy.endpoint(), "raft", false);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap()))) {
      admin.createTopics(List.of(new NewTopic(LOG.topic(), 1, (short) 1))).all().get();
    }
  }

  private Broker start(LoopbackSettings settings, URI store, String raft, boolean recovers)
      throws Exception {
    return Broker.start(
        BrokerSettings.from(
            settings
                .with("RAFT_PATH", temp.resolve(raft))
                .with("RECOVER_FROM_BUCKET", recovers)
                .with("OBJECT_STORE_TYPE", "s3")
                .with("S3_ENDPOINT", store)
                .with("S3_BUCKET", S3LoopbackServer.BUCKET)
                .with("DATA_PATH", "cluster")
                .with("OFFSETS_TOPIC_PARTITIONS", "1")
                .environment()));
  }

  @AfterEach
  void stop() {
    faults = FaultScript.calm();
    broker.close();
    proxy.close();
    server.close();
    propertiesBefore.forEach(
        (name, value) -> {
          if (value == null) {
            System.clearProperty(name);
          } else {
            System.setProperty(name, value);
          }
        });
  }

  private String bootstrap() {
    return "127.0.0.1:" + port;
  }

  private KafkaProducer<String, String> producer(int deliveryTimeoutMs) {
    return new KafkaProducer<>(
        Map.of(
            "bootstrap.servers",
            bootstrap(),
            "request.timeout.ms",
            PRODUCE_TIMEOUT_MS,
            "linger.ms",
            0,
            "delivery.timeout.ms",
            deliveryTimeoutMs),
        new StringSerializer(),
        new StringSerializer());
  }

  /** As a client that does not try again. */
  private Errors produceOnce(String value, int timeoutMs) throws IOException {
    TopicProduceData topic = new TopicProduceData().setName(LOG.topic());
    topic
        .partitionData()
        .add(
            new PartitionProduceData()
                .setIndex(LOG.partition())
                .setRecords(
                    MemoryRecords.withRecords(
                        Compression.NONE, new SimpleRecord(value.getBytes(UTF_8)))));
    ProduceRequestData data = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(timeoutMs);
    data.topicData().add(topic);
    try (RawClient client = new RawClient(port)) {
      ProduceResponse response =
          (ProduceResponse) client.call(new ProduceRequest(data, (short) 12));
      return Errors.forCode(
          response.data().responses().iterator().next().partitionResponses().get(0).errorCode());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LOSE_REQUEST", "LOSE_ANSWER", "SLOW_DOWN"})
  void producesWaitOrAreToldToTryAgainAndAllGoesOnWhenTheBucketDoes(ProxyFault outage)
      throws Exception {
    Map<String, Future<RecordMetadata>> sent = new HashMap<>();
    try (KafkaProducer<String, String> patient = producer(120_000);
        KafkaProducer<String, String> hasty = producer(2 * PRODUCE_TIMEOUT_MS)) {
      for (int i = 0; i < 20; i++) {
        sent.put("before-" + i, patient.send(record("before-" + i)));
      }
      for (Future<RecordMetadata> each : sent.values()) {
        each.get();
      }

      faults = (method, target) -> outage;
      Future<RecordMetadata> inVain = hasty.send(record("hasty"));
      for (int i = 0; i < 20; i++) {
        sent.put("during-" + i, patient.send(record("during-" + i)));
      }
      Errors told = produceOnce("once", PRODUCE_TIMEOUT_MS);
      assertThat(told).isEqualTo(Errors.REQUEST_TIMED_OUT);
      assertThat(told.exception()).isInstanceOf(RetriableException.class);
      Await.until("the hasty one has given up", inVain::isDone);
      assertThat(failureOf(inVain)).isInstanceOf(TimeoutException.class);
      assertThat(sent.get("during-0")).as("not acknowledged without a store").isNotDone();

      faults = FaultScript.calm();
      for (Future<RecordMetadata> each : sent.values()) {
        each.get(60, TimeUnit.SECONDS);
      }
      assertThat(produceOnce("after", 30_000)).isEqualTo(Errors.NONE);
    }
    Map<Long, String> read = readAll();
    assertHasEachOnce(read, sent);
    assertThat(read).containsValue("after");
  }

  /** Lost requests and answers, 409, 500 and 503, cut bodies, puts that come late or twice. */
  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2})
  void aNetworkThatLosesAndDoublesRequestsLosesAndDoublesNoRecord(long seed) throws Exception {
    Map<String, Future<RecordMetadata>> sent = new HashMap<>();
    faults = FaultScript.seeded(seed, 25);
    try (KafkaProducer<String, String> producer = producer(120_000)) {
      for (int i = 0; i < 100; i++) {
        sent.put("record-" + i, producer.send(record("record-" + i)));
        if (i % 5 == 4) {
          sent.get("record-" + i).get(60, TimeUnit.SECONDS); // slot by slot
        }
      }
    }
    faults = FaultScript.calm();
    proxy.deliverHeld().get(60, TimeUnit.SECONDS);
    assertHasEachOnce(readAll(), sent);
  }

  /** Its coordinator cannot write any more, and another process fences it and goes on. */
  @Test
  void aCommitThatTheStoreNeverTookIsRefusedAndForgotten() throws Exception {
    commit(port, 1);
    faults = (method, target) -> ProxyFault.LOSE_REQUEST;
    long began = System.nanoTime();
    assertThat(commitOnce(port, 2)).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(COMMIT_TIMEOUT);
    assertThat(committed(port)).as("while the store is away").isEqualTo(1);

    LoopbackSettings nextSettings = new LoopbackSettings(ports);
    int nextPort = nextSettings.port();
    try (Broker next = start(nextSettings, server.endpoint(), "raft-next", true)) {
      assertThat(committed(nextPort)).as("after the fence").isEqualTo(1);
      faults = FaultScript.calm();
      assertThat(broker.awaitEnd()).as("it has found the fence").isNotNull();
      assertThat(committed(nextPort)).as("whatever the one before still wrote").isEqualTo(1);
      commit(nextPort, 3);
      assertThat(committed(nextPort)).isEqualTo(3);
    }
  }

  private static void commit(int broker, long offset) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker))) {
      admin
          .alterConsumerGroupOffsets("group", Map.of(LOG, new OffsetAndMetadata(offset)))
          .all()
          .get(60, TimeUnit.SECONDS);
    }
  }

  /** As a client that does not try again. */
  private static Errors commitOnce(int broker, long offset) throws IOException {
    OffsetCommitRequestTopic topic = new OffsetCommitRequestTopic().setName(LOG.topic());
    topic
        .partitions()
        .add(
            new OffsetCommitRequestPartition()
                .setPartitionIndex(LOG.partition())
                .setCommittedOffset(offset));
    OffsetCommitRequestData data =
        new OffsetCommitRequestData().setGroupId("group").setTopics(List.of(topic));
    try (RawClient client = new RawClient(broker)) {
      OffsetCommitResponse response =
          (OffsetCommitResponse) client.receive(client.send(data, (short) 8));
      return Errors.forCode(response.data().topics().get(0).partitions().get(0).errorCode());
    }
  }

  private static long committed(int broker) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker))) {
      return admin
          .listConsumerGroupOffsets("group")
          .partitionsToOffsetAndMetadata()
          .get(60, TimeUnit.SECONDS)
          .get(LOG)
          .offset();
    }
  }

  private static void assertHasEachOnce(
      Map<Long, String> read, Map<String, Future<RecordMetadata>> sent) throws Exception {
    for (Map.Entry<String, Future<RecordMetadata>> each : sent.entrySet()) {
      assertThat(read).containsEntry(each.getValue().get().offset(), each.getKey());
    }
    assertThat(read.values().stream().filter(sent::containsKey)).doesNotHaveDuplicates();
  }

  private static ProducerRecord<String, String> record(String value) {
    return new ProducerRecord<>(LOG.topic(), LOG.partition(), null, value);
  }

  private static Throwable failureOf(Future<?> failed) throws InterruptedException {
    try {
      failed.get();
      throw new AssertionError("it did not fail");
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }

  private Map<Long, String> readAll() {
    Map<Long, String> records = new TreeMap<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap()),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.assign(List.of(LOG));
      consumer.seekToBeginning(List.of(LOG));
      long end = consumer.endOffsets(List.of(LOG)).get(LOG);
      Await.until(
          "all is read",
          () -> {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
              records.put(record.offset(), record.value());
            }
            return consumer.position(LOG) >= end;
          });
    }
    return records;
  }
}
