package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A topic's share of the cluster's byte budget, as clients of a whole broker see it. */
class RetentionBudgetTest {
  private static final String SHARING = "sharing";
  private static final String OTHER = "other";
  private static final long BUDGET_BYTES = 2 << 20;
  private static final int RECORD_BYTES = 1_000;
  private static final int RECORDS = 6_000;

  /** Nothing smaller goes by itself. */
  private static final long BLOCK_BYTES_MAX = 1 << 20;

  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();
  private Broker broker;
  private String bootstrap;

  @AfterEach
  void stop() {
    broker.close();
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES) // until the log start has risen
  void aTopicKeepsItsShareAndNoMoreThanABlockBesides() throws Exception {
    start();
    try (Admin admin = Admin.create(client())) {
      NewTopic sharing =
          new NewTopic(SHARING, 2, (short) 1).configs(Map.of("retention.budget.percent", "50"));
      admin.createTopics(List.of(sharing, new NewTopic(OTHER, 1, (short) 1))).all().get();
    }
    produce(SHARING, 0);
    produce(SHARING, 1);
    produce(OTHER, 0);
    broker.close(); // flushes: what is in memory counts, but does not go
    start();
    long share = BUDGET_BYTES / 2 / 2;
    for (int partition = 0; partition < 2; partition++) {
      long start = 0;
      while (start == 0 || (RECORDS - start) * RECORD_BYTES > share + BLOCK_BYTES_MAX) {
        start = logStart(SHARING, partition);
      }
      // A record takes more than its value.
      assertThat((RECORDS - start) * (RECORD_BYTES + 100)).isGreaterThanOrEqualTo(share);
    }
    assertThat(logStart(OTHER, 0)).isZero();
  }

  private void produce(String topic, int partition) {
    Random random = new Random(partition);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(client(), new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < RECORDS; i++) {
        byte[] value = new byte[RECORD_BYTES];
        random.nextBytes(value);
        producer.send(new ProducerRecord<>(topic, partition, null, value));
      }
    }
  }

  private long logStart(String topic, int partition)
      throws ExecutionException, InterruptedException {
    TopicPartition asked = new TopicPartition(topic, partition);
    try (Admin admin = Admin.create(client())) {
      return admin
          .listOffsets(Map.of(asked, OffsetSpec.earliest()))
          .partitionResult(asked)
          .get()
          .offset();
    }
  }

  private Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
  }

  private void start() throws Exception {
    LoopbackSettings settings =
        new LoopbackSettings(ports)
            .in(temp)
            .with("RETENTION_BUDGET", BUDGET_BYTES)
            .with("RETENTION_CHECK_INTERVAL_MS", "100");
    bootstrap = settings.bootstrap();
    broker = Broker.start(BrokerSettings.from(settings.environment()));
  }
}
