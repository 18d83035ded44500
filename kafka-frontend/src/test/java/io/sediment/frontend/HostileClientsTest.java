package io.sediment.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.Batches;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that send what they must not, or nothing at all, in great numbers. */
class HostileClientsTest {
  private static final int CONNECTIONS = 1_000;
  private static final short KAFKA_2_1 = 7;

  private TestBroker broker;
  private Topic topic;

  @BeforeEach
  void start() throws InterruptedException {
    broker =
        TestBroker.start(new FrontendSettings(false, 1, 1, 1 << 20, 100), UnaryOperator.identity());
    topic = broker.createTopic("t", 1, Map.of("max.message.bytes", "4096"));
  }

  @AfterEach
  void stop() {
    broker.close();
  }

  private Map<Errors, Integer> produce(RawClient client, short version, ByteBuffer batch)
      throws IOException {
    Uuid id = new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits());
    ValidRequests.Subject about = new ValidRequests.Subject("t", id, 1, batch);
    return client
        .receive(client.send(ValidRequests.of(ApiKeys.PRODUCE, version, about), version))
        .errorCounts();
  }

  private static ByteBuffer withAttributes(int attributes) {
    return Batches.withCrc(
        Batches.plain(3).putShort(RecordBatchLayout.ATTRIBUTES, (short) attributes));
  }

  static Stream<Arguments> badBatches() {
    ByteBuffer plain = Batches.plain(3);
    return Stream.of(
        Arguments.of(
            "checksum", Errors.CORRUPT_MESSAGE, Batches.plain(3).putInt(RecordBatchLayout.CRC, 1)),
        Arguments.of(
            "magic 0",
            Errors.INVALID_RECORD,
            Batches.plain(3).put(RecordBatchLayout.MAGIC, (byte) 0)),
        Arguments.of(
            "magic 1",
            Errors.INVALID_RECORD,
            Batches.plain(3).put(RecordBatchLayout.MAGIC, (byte) 1)),
        Arguments.of("base offset", Errors.INVALID_RECORD, Batches.plain(3).putLong(0, 7)),
        Arguments.of(
            "negative length",
            Errors.CORRUPT_MESSAGE,
            Batches.plain(3).putInt(RecordBatchLayout.BATCH_LENGTH, -1)),
        Arguments.of("cut off", Errors.CORRUPT_MESSAGE, plain.duplicate().limit(plain.limit() - 3)),
        Arguments.of("control batch", Errors.INVALID_RECORD, withAttributes(0x20)),
        Arguments.of("transactional", Errors.INVALID_TXN_STATE, withAttributes(0x10)),
        Arguments.of(
            "from the far future",
            Errors.INVALID_TIMESTAMP,
            Batches.of(Compression.NONE, new SimpleRecord(Long.MAX_VALUE, new byte[1]))),
        Arguments.of(
            "larger than the topic allows",
            Errors.MESSAGE_TOO_LARGE,
            Batches.of(Compression.NONE, new SimpleRecord(1, new byte[5000]))));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("badBatches")
  void aBadBatchIsAnsweredAndNothingIsAppended(String how, Errors expected, ByteBuffer batch)
      throws IOException {
    try (RawClient client = broker.connect()) {
      for (short version : new short[] {KAFKA_2_1, ApiKeys.PRODUCE.latestVersion()}) {
        assertThat(produce(client, version, batch)).containsOnlyKeys(expected);
      }
      assertThat(broker.lane.endOffset(broker.partition("t", 0))).isZero();
      assertThat(produce(client, KAFKA_2_1, Batches.plain(1))).containsOnlyKeys(Errors.NONE);
      assertThat(broker.lane.endOffset(broker.partition("t", 0))).isEqualTo(1);
    }
  }

  @Test
  void aRequestThatWouldBecomeFarTooManyObjectsIsNotParsed() throws IOException {
    DescribeProducersRequestData request = new DescribeProducersRequestData();
    List<Integer> partitions = Collections.nCopies(900_000, 123_456);
    for (int i = 0; i < 3; i++) {
      request
          .topics()
          .add(
              new DescribeProducersRequestData.TopicRequest()
                  .setName("t" + i)
                  .setPartitionIndexes(partitions));
    }
    try (RawClient client = broker.connect()) {
      client.send(request, (short) 0);
      assertThat(client.isClosedByPeer()).isTrue();
    }
  }

  @Test
  void aThousandHalfSentRequestsCostLittleAndHoldNobodyUp() throws IOException {
    List<RawClient> idle = new ArrayList<>();
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        RawClient client = broker.connect();
        idle.add(client);
        if (i % 2 == 0) {
          client.sendBytes(ByteBuffer.allocate(10).putInt(90 << 20).array());
        }
      }
      Await.until(
          "all are in and have been read",
          () ->
              broker.meters.get("kafka.connections").gauge().value() == CONNECTIONS
                  && broker.meters.get("kafka.request.memory").gauge().value()
                      == 10 * CONNECTIONS / 2);
      try (RawClient client = broker.connect()) {
        assertThat(produce(client, KAFKA_2_1, Batches.plain(1))).containsOnlyKeys(Errors.NONE);
      }
    } finally {
      for (RawClient client : idle) {
        client.close();
      }
    }
    Await.until(
        "memory is given back",
        () -> broker.meters.get("kafka.request.memory").gauge().value() == 0);
  }
}
