package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.partition.Batches;
import io.sediment.runtime.Await;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** What Kafka's own admin client sees of records: offsets, producers, sizes. */
class AdminRecordsTest extends AdminClientTestCase {
  private static TopicPartition partition(String topic) {
    return new TopicPartition(topic, 0);
  }

  private void produce(String topic, long... timestamps) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (long timestamp : timestamps) {
        producer.send(new ProducerRecord<>(topic, 0, timestamp, null, new byte[] {1})).get();
      }
    }
  }

  @Test
  void recordsAreDeletedUpToAnOffset() throws Exception {
    broker.createTopic("dr", 1);
    produce("dr", 10, 20, 30, 40);
    TopicPartition p = partition("dr");
    assertThat(
            admin
                .deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(2)))
                .lowWatermarks()
                .get(p)
                .get()
                .lowWatermark())
        .isEqualTo(2);
    assertThat(offset(p, OffsetSpec.earliest()).offset()).isEqualTo(2);
    assertThat(
            admin
                .deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(1)))
                .lowWatermarks()
                .get(p)
                .get()
                .lowWatermark())
        .as("what is deleted stays deleted")
        .isEqualTo(2);
    assertThat(deleteRecords(p, 5)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    assertThat(deleteRecords(p, -2)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    assertThat(offset(p, OffsetSpec.forTimestamp(15)).offset()).isEqualTo(2);
    assertThat(deleteRecords(p, -1)).isEqualTo(Errors.NONE);
    assertThat(offset(p, OffsetSpec.earliest()).offset()).isEqualTo(4);
    assertThat(offset(p, OffsetSpec.latest()).offset()).isEqualTo(4);
    assertThat(offset(p, OffsetSpec.maxTimestamp()).offset()).isEqualTo(-1);
  }

  private Errors deleteRecords(TopicPartition partition, long before) throws Exception {
    return errorOf(
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before))).all());
  }

  private ListOffsetsResultInfo offset(TopicPartition partition, OffsetSpec spec) throws Exception {
    return admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get();
  }

  @Test
  void offsetsAreListedByPlaceAndByTime() throws Exception {
    broker.createTopic("lo", 1);
    TopicPartition p = partition("lo");
    assertThat(offset(p, OffsetSpec.forTimestamp(0)).offset()).as("of nothing").isEqualTo(-1);
    assertThat(offset(p, OffsetSpec.maxTimestamp()).offset()).as("of nothing").isEqualTo(-1);
    assertThat(offset(p, OffsetSpec.latest()).offset()).isZero();
    produce("lo", 100, 300, 200);
    assertThat(offset(p, OffsetSpec.earliest()).offset()).isZero();
    assertThat(offset(p, OffsetSpec.latest()).offset()).isEqualTo(3);
    assertThat(offset(p, OffsetSpec.latest()).leaderEpoch()).isPresent();
    assertThat(offset(p, OffsetSpec.maxTimestamp()).offset()).isEqualTo(1);
    assertThat(offset(p, OffsetSpec.maxTimestamp()).timestamp()).isEqualTo(300);
    assertThat(offset(p, OffsetSpec.forTimestamp(101)).offset()).isEqualTo(1);
    assertThat(offset(p, OffsetSpec.forTimestamp(101)).timestamp()).isEqualTo(300);
    assertThat(offset(p, OffsetSpec.forTimestamp(301)).offset()).isEqualTo(-1);
    assertThat(offset(p, OffsetSpec.earliestLocal()).offset()).isZero();
    assertThat(offset(p, OffsetSpec.latestTiered()).offset()).isEqualTo(-1);
  }

  @Test
  void producersAreDescribedWithWhatTheySentLast() throws Exception {
    broker.createTopic("dp", 1);
    produce("dp", Batches.NOW_MS, Batches.NOW_MS + 1);
    TopicPartition p = partition("dp");
    List<ProducerState> producers =
        admin.describeProducers(List.of(p)).partitionResult(p).get().activeProducers();
    assertThat(producers).hasSize(1);
    assertThat(producers.get(0).lastSequence()).isEqualTo(1);
    assertThat(producers.get(0).producerEpoch()).isZero();
    assertThat(producers.get(0).lastTimestamp()).isEqualTo(Batches.NOW_MS + 1);
    assertThat(producers.get(0).currentTransactionStartOffset()).isEmpty();
  }

  @Test
  void theStoreIsTheOneLogDirectory() throws Exception {
    broker.createTopic("ld", 1);
    produce("ld", 1, 2, 3);
    Await.until(
        "the size shows",
        () -> {
          try {
            Map<String, LogDirDescription> dirs =
                admin.describeLogDirs(List.of(TestBroker.ID)).allDescriptions().get().get(0);
            assertThat(dirs).containsOnlyKeys(TestBroker.STORE);
            var replica = dirs.get(TestBroker.STORE).replicaInfos().get(partition("ld"));
            return replica != null && replica.size() > 0 && !replica.isFuture();
          } catch (ExecutionException | InterruptedException e) {
            throw new AssertionError(e);
          }
        });
  }
}
