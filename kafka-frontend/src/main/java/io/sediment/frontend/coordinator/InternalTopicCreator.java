package io.sediment.frontend.coordinator;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.CreatedTopic;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.RejectionCode;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates internal topics on their first use; one attempt per topic at a time. Any thread. */
public final class InternalTopicCreator {
  private static final Logger log = LoggerFactory.getLogger(InternalTopicCreator.class);

  private final ClusterMetadata metadata;
  private final Supplier<UUID> newTopicIds;
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();

  public InternalTopicCreator(ClusterMetadata metadata, Supplier<UUID> newTopicIds) {
    this.metadata = metadata;
    this.newTopicIds = newTopicIds;
  }

  /** Asks for {@code topic}, which was not in the image; whoever needs it looks again later. */
  public void create(InternalTopic topic) {
    if (!underWay.add(topic.name())) {
      return;
    }
    NewTopic wanted =
        new NewTopic(
            newTopicIds.get(),
            topic.name(),
            topic.partitionCount(),
            topic.replicationFactor(),
            List.of(),
            topic.configs());
    metadata
        .submit(new CreateTopics(List.of(wanted)))
        .whenComplete(
            (result, failure) -> {
              underWay.remove(topic.name());
              if (failure != null) {
                log.warn(
                    "cannot create {}, the next use tries again: {}", topic, failure.toString());
              } else if (result.valueOrThrow().get(0)
                      instanceof CommandResult.Rejected<CreatedTopic> rejected
                  && rejected.code() != RejectionCode.TOPIC_EXISTS) {
                log.warn("cannot create {}, the next use tries again: {}", topic, rejected);
              }
            });
  }
}
