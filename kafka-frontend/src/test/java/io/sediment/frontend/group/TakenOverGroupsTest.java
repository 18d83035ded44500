package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.metadata.Partition;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of the log of groups that is taken over, again and again, by lanes that are new. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class TakenOverGroupsTest {
  private static final String TOPIC = "orders";
  private static final TopicPartition INTERNAL =
      new TopicPartition(Topic.GROUP_METADATA_TOPIC_NAME, 0);

  /** Groups of partition 0 of 4. */
  private static final List<String> NAMES = names(40);

  private static final String STAYS = NAMES.get(0);
  private static final short COMMIT_VERSION = 9;
  private static final short FETCH_VERSION = 9;

  /** Makes a few batches, so that there is a middle of carrying them over. */
  private static final int PARTITIONS = 5_000;

  private TestBroker broker;
  private RawClient client;

  private static List<String> names(int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; names.size() < count; i++) {
      if (Math.floorMod(Integer.toString(i).hashCode(), 4) == 0) {
        names.add(Integer.toString(i));
      }
    }
    return names;
  }

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.start();
    broker.createTopic(TOPIC, PARTITIONS);
    broker.startGroups();
    client = broker.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    broker.close();
    assertThat(broker.lane.slicesOut()).as("slices that were read and not closed").isZero();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private Map<Errors, Integer> call(ApiMessage request, int version) {
    try {
      return client.receive(client.send(request, (short) version)).errorCounts();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Until the coordinator is there. */
  private void succeed(ApiMessage request, int version) {
    Await.until(
        "success of " + request.getClass().getSimpleName(),
        () -> {
          Set<Errors> errors = call(request, version).keySet();
          assertThat(errors)
              .isSubsetOf(
                  Errors.NONE,
                  Errors.NOT_COORDINATOR,
                  Errors.COORDINATOR_NOT_AVAILABLE,
                  Errors.COORDINATOR_LOAD_IN_PROGRESS);
          return errors.equals(Set.of(Errors.NONE));
        });
  }

  private void commit(String group, int partitions, long offset) {
    List<OffsetCommitRequestPartition> all = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      all.add(new OffsetCommitRequestPartition().setPartitionIndex(i).setCommittedOffset(offset));
    }
    succeed(
        new OffsetCommitRequestData()
            .setGroupId(group)
            .setTopics(List.of(new OffsetCommitRequestTopic().setName(TOPIC).setPartitions(all))),
        COMMIT_VERSION);
  }

  private void delete(List<String> groups) {
    succeed(new DeleteGroupsRequestData().setGroupsNames(groups), 2);
  }

  /** By partition of the topic; only of those that have one. */
  private Map<Integer, Long> committed(String group) {
    Map<Integer, Long> offsets = new HashMap<>();
    OffsetFetchRequestData request =
        new OffsetFetchRequestData()
            .setGroups(List.of(new OffsetFetchRequestGroup().setGroupId(group).setTopics(null)));
    Await.until(
        "offsets of " + group,
        () -> {
          try {
            OffsetFetchResponseGroup answer =
                ((OffsetFetchResponse) client.receive(client.send(request, FETCH_VERSION)))
                    .data()
                    .groups()
                    .get(0);
            if (answer.errorCode() != Errors.NONE.code()) {
              return false; // it is being loaded
            }
            for (var topic : answer.topics()) {
              for (OffsetFetchResponsePartitions each : topic.partitions()) {
                offsets.put(each.partitionIndex(), each.committedOffset());
              }
            }
            return true;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    return offsets;
  }

  private static Map<Integer, Long> all(int partitions, long offset) {
    Map<Integer, Long> offsets = new HashMap<>();
    for (int i = 0; i < partitions; i++) {
      offsets.put(i, offset);
    }
    return offsets;
  }

  private void awaitOlderLanesLetGo() {
    Await.until(
        "the older lanes are let go",
        () -> {
          Partition internal =
              broker.topic(INTERNAL.topic()).partitions().get(INTERNAL.partition());
          return internal.logStartOffset() >= internal.current().startOffset();
        });
  }

  /** As whoever takes over next has to read it. */
  private int recordsInTheLog() {
    int records = 0;
    try (KafkaConsumer<?, ?> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.bootstrap()),
            new ByteBufferDeserializer(),
            new ByteBufferDeserializer())) {
      consumer.assign(List.of(INTERNAL));
      consumer.seekToBeginning(List.of(INTERNAL));
      long end = consumer.endOffsets(List.of(INTERNAL)).get(INTERNAL);
      while (consumer.position(INTERNAL) < end) {
        records += consumer.poll(Duration.ofMillis(50)).count();
      }
    }
    return records;
  }

  @Test
  void theLogStaysBoundedWhileGroupsComeAndGo() {
    broker.startRetention();
    List<String> come = NAMES.subList(1, NAMES.size());
    for (int round = 1; round <= 8; round++) {
      commit(STAYS, 3, round);
      for (String group : come) {
        commit(group, 3, round);
      }
      delete(come);
      broker.takeOver();
      assertThat(committed(STAYS)).as("round %d", round).isEqualTo(all(3, round));
      assertThat(committed(come.get(0))).as("deleted in round %d", round).isEmpty();
      awaitOlderLanesLetGo();
      assertThat(recordsInTheLog()).as("round %d", round).isEqualTo(3);
    }
  }

  @Test
  void aKillWhileItIsCarriedOverLosesNothing() {
    String deleted = NAMES.get(1);
    commit(STAYS, PARTITIONS, 1);
    commit(deleted, PARTITIONS, 1);
    commit(STAYS, PARTITIONS, 2);
    delete(List.of(deleted));
    commit(STAYS, 10, 3);
    Map<Integer, Long> expected = all(PARTITIONS, 2);
    expected.putAll(all(10, 3));
    for (int append = 1; append <= 4; append++) {
      for (boolean durable : new boolean[] {false, true}) {
        broker.takeOverAndDie(append, durable);
        broker.takeOver(); // and this one ends before it has raised the log start
        assertThat(committed(STAYS)).as("killed at %d %s", append, durable).isEqualTo(expected);
        assertThat(committed(deleted)).isEmpty();
      }
    }
    broker.startRetention();
    awaitOlderLanesLetGo();
    assertThat(committed(STAYS)).isEqualTo(expected);
    assertThat(recordsInTheLog()).isEqualTo(PARTITIONS);
  }

  @Test
  void aLaneWithoutMemoryIsWaitedForButNotForEver() {
    broker.startRetention();
    commit(STAYS, 3, 1);
    Counter failures = broker.meters.counter("kafka.group.coordinator.carry.over.failures");
    broker.lane.refuseAppends(true);
    broker.takeOver();
    Await.until("it is given up", () -> failures.count() == 1);
    assertThat(committed(STAYS)).as("served all the same").isEqualTo(all(3, 1));

    broker.lane.refusedAppends();
    broker.takeOver();
    Await.until("it is refused again", () -> broker.lane.refusedAppends() > 0);
    broker.lane.refuseAppends(false);
    awaitOlderLanesLetGo();
    assertThat(committed(STAYS)).isEqualTo(all(3, 1));
    assertThat(failures.count()).isEqualTo(1);
  }
}
