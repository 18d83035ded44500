package io.sediment.frontend.group;

import io.sediment.frontend.handler.TopicNames;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.CreatedTopic;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.RejectionCode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the changelog and repartition topics of streams groups. One attempt per topic at a time;
 * why the last one failed is told to the members. Any thread.
 */
final class StreamsTopics {
  private static final Logger log = LoggerFactory.getLogger(StreamsTopics.class);

  /** More than these are too many for a sentence, and for a memory of failures. */
  private static final int EXPLAINED_MAX = 3;

  private static final int FAILURES_MAX = 1_000;
  private static final int REPLICATION_FACTOR = 1;

  private final ClusterMetadata metadata;
  private final Supplier<UUID> newTopicIds;
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();
  private final Map<String, String> failures = new ConcurrentHashMap<>();

  StreamsTopics(ClusterMetadata metadata, Supplier<UUID> newTopicIds) {
    this.metadata = metadata;
    this.newTopicIds = newTopicIds;
  }

  /** Asks for those of {@code missing} that nobody is asking for already. */
  void create(Collection<CreatableTopic> missing) {
    List<NewTopic> wanted = new ArrayList<>();
    TopicNames names = new TopicNames(metadata.image());
    long partitions = 0;
    for (CreatableTopic topic : missing) {
      String wrong = whatIsWrong(topic, names, partitions);
      if (wrong != null) {
        failed(topic.name(), wrong);
      } else if (underWay.add(topic.name())) {
        partitions += topic.numPartitions();
        wanted.add(newTopic(topic));
      }
    }
    if (!wanted.isEmpty()) {
      metadata
          .submit(new CreateTopics(wanted))
          .thenApply(CommandResult::valueOrThrow)
          .whenComplete((results, failure) -> created(wanted, results, failure));
    }
  }

  /** What an application asks for is judged as if it had asked by CreateTopics. */
  private static @Nullable String whatIsWrong(
      CreatableTopic topic, TopicNames names, long partitionsBefore) {
    try {
      Topic.validate(topic.name());
      TopicConfigDefinitions.validate(configs(topic));
    } catch (ApiException e) {
      return String.valueOf(e.getMessage());
    }
    long partitions = partitionsBefore + topic.numPartitions();
    if (partitions > CreateTopics.PARTITIONS_PER_TOPIC_MAX) {
      return "too many partitions for one heartbeat: asked="
          + partitions
          + " allowed="
          + CreateTopics.PARTITIONS_PER_TOPIC_MAX;
    }
    String colliding = names.add(topic.name());
    return colliding == null ? null : "it collides with the topic " + colliding;
  }

  private static Map<String, String> configs(CreatableTopic topic) {
    Map<String, String> configs = new TreeMap<>();
    topic.configs().forEach(config -> configs.put(config.name(), config.value()));
    return configs;
  }

  private NewTopic newTopic(CreatableTopic topic) {
    return new NewTopic(
        newTopicIds.get(),
        topic.name(),
        topic.numPartitions(),
        Math.max(REPLICATION_FACTOR, topic.replicationFactor()),
        List.of(),
        configs(topic));
  }

  private void created(
      List<NewTopic> wanted, List<CommandResult<CreatedTopic>> results, Throwable failure) {
    for (int i = 0; i < wanted.size(); i++) {
      String name = wanted.get(i).name();
      if (failure != null) {
        failed(name, failure.toString());
      } else if (results.get(i) instanceof CommandResult.Rejected<CreatedTopic> rejected
          && rejected.code() != RejectionCode.TOPIC_EXISTS) {
        failed(name, rejected.message());
      } else {
        failures.remove(name);
      }
      underWay.remove(name);
    }
  }

  private void failed(String topic, String why) {
    if (why.equals(failures.get(topic))) {
      return; // heartbeats come every few seconds
    }
    log.warn("cannot create the streams topic {}, the next heartbeat tries again: {}", topic, why);
    if (failures.size() < FAILURES_MAX) {
      failures.put(topic, why);
    }
  }

  /** Adds to the status that names missing topics why they could not be created. */
  void explain(Set<String> missing, StreamsGroupHeartbeatResponseData response) {
    if (response.status() == null) {
      return;
    }
    String reasons =
        missing.stream()
            .filter(failures::containsKey)
            .limit(EXPLAINED_MAX)
            .map(topic -> topic + " (" + failures.get(topic) + ")")
            .collect(Collectors.joining(", "));
    if (!reasons.isEmpty()) {
      response.status().stream()
          .filter(
              status ->
                  status.statusCode()
                      == StreamsGroupHeartbeatResponse.Status.MISSING_INTERNAL_TOPICS.code())
          .findFirst()
          .ifPresent(
              status ->
                  status.setStatusDetail(
                      status.statusDetail() + "; Creation failed: " + reasons + "."));
    }
  }
}
