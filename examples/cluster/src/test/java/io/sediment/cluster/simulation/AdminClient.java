package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.NewTopic;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Creates topics until they are there, and now and then deletes the oldest records of one. */
final class AdminClient extends SimulatedClient {
  private static final int MILLIS_BETWEEN_TRIES = 1_000;
  private static final int REPLICATION_FACTOR = 3; // of which readers have a choice

  /**
   * A topic that is wanted.
   *
   * @param bytesKept of each partition, when its oldest records go; 0 where they stay
   */
  record Wanted(String name, int partitions, int bytesKept) {
    /** One in three has retention. */
    static Wanted drawn(String name, int partitionsMax, SplittableRandom random) {
      int bytesKept = random.nextInt(3) == 0 ? 4_000 << random.nextInt(4) : 0;
      return new Wanted(name, 1 + random.nextInt(partitionsMax), bytesKept);
    }

    boolean hasRetention() {
      return bytesKept > 0;
    }

    Map<String, String> configs() {
      Map<String, String> configs = new TreeMap<>();
      // Brokers' wall clocks jump, and producers' do not.
      configs.put("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE));
      if (hasRetention()) {
        configs.put("retention.bytes", Integer.toString(bytesKept));
      }
      return configs;
    }

    List<Place> places() {
      List<Place> places = new ArrayList<>();
      for (int i = 0; i < partitions; i++) {
        places.add(new Place(name, i));
      }
      return places;
    }
  }

  private final List<Wanted> topics;
  private boolean deleting = true;

  AdminClient(
      Simulation simulation,
      String name,
      List<Wanted> topics,
      KafkaModel model,
      Bootstrap bootstrap) {
    super(simulation, name, model, bootstrap);
    this.topics = topics;
    for (Wanted topic : topics) {
      simulation.option(topic.toString());
      if (topic.hasRetention()) {
        topic.places().forEach(place -> model.hasRetention(place, topic.bytesKept()));
      }
      later(() -> create(topic), 6_000);
    }
    later(this::deleteSomething, 10_000);
  }

  @Override
  @Nullable Place place() {
    return null;
  }

  void stop() {
    deleting = false;
  }

  /** Asks again and again: a topic that is not there any more has to be missed by its readers. */
  private void create(Wanted topic) {
    network.schedule(() -> create(topic), Duration.ofMillis(MILLIS_BETWEEN_TRIES));
    if (!deleting) {
      disconnect(); // from one that died without a word, which nothing else would notice now
    }
    SimulatedConnection open = connection();
    if (open == null) {
      return;
    }
    BrokerProcess broker = open.broker();
    UUID id = new UUID(random.nextLong(), random.nextLong());
    broker
        .process()
        .execute(
            () -> {
              if (broker.metadata().image().topic(topic.name()) == null) {
                broker
                    .metadata()
                    .submit(
                        new CreateTopics(
                            List.of(
                                new NewTopic(
                                    id,
                                    topic.name(),
                                    topic.partitions(),
                                    REPLICATION_FACTOR,
                                    List.of(),
                                    topic.configs()))));
              }
            });
  }

  private void deleteSomething() {
    if (!deleting) {
      return;
    }
    later(this::deleteSomething, 10_000);
    disconnect();
    SimulatedConnection open = connection();
    if (open == null) {
      return;
    }
    List<Place> places = topics.get(random.nextInt(topics.size())).places();
    Place place = places.get(random.nextInt(places.size()));
    long to = random.nextLong(1 + model.knownEnd(place));
    model.deletionAsked(place, to);
    open.<DeleteRecordsRequestData, DeleteRecordsResponseData>send(
        ApiKeys.DELETE_RECORDS,
        ApiKeys.DELETE_RECORDS.latestVersion(),
        request(place, to),
        response -> {
          DeleteRecordsPartitionResult answer =
              response.topics().iterator().next().partitions().iterator().next();
          Errors error = Errors.forCode(answer.errorCode());
          network.trace("deletes " + place + " to " + to + ": " + error);
          if (error == Errors.NONE) {
            model.deleted(place, to);
          }
        });
  }

  private static DeleteRecordsRequestData request(Place place, long to) {
    DeleteRecordsTopic topic = new DeleteRecordsTopic().setName(place.topic());
    topic
        .partitions()
        .add(new DeleteRecordsPartition().setPartitionIndex(place.partition()).setOffset(to));
    DeleteRecordsRequestData request = new DeleteRecordsRequestData().setTimeoutMs(5_000);
    request.topics().add(topic);
    return request;
  }
}
