package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.handler.TopicIds;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Failures;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetFetchRequest;
import org.apache.kafka.common.requests.OffsetFetchResponse;

/** Tells the committed offsets of one group or, in newer versions, of several at once. */
final class OffsetFetchHandler
    implements ApiHandler<OffsetFetchRequestData, OffsetFetchResponseData> {
  private final ClusterMetadata metadata;
  private final GroupCoordinators coordinators;

  OffsetFetchHandler(ClusterMetadata metadata, GroupCoordinators coordinators) {
    this.metadata = metadata;
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.OFFSET_FETCH;
  }

  @Override
  public CompletableFuture<OffsetFetchResponseData> handle(
      RequestContext context, OffsetFetchRequestData request) {
    List<CompletableFuture<OffsetFetchResponseGroup>> answers = new ArrayList<>();
    Set<String> asked = new HashSet<>();
    for (OffsetFetchRequestGroup group : groups(context, request)) {
      // A small request that names one large group many times could ask for gigabytes.
      answers.add(
          asked.add(group.groupId())
              ? fetch(context, group, request.requireStable())
              : CompletableFuture.completedFuture(
                  OffsetFetchResponse.groupError(
                      group, Errors.INVALID_REQUEST, context.apiVersion())));
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenApply(
            done ->
                new OffsetFetchResponse.Builder(
                        answers.stream().map(CompletableFuture::join).toList())
                    .build(context.apiVersion())
                    .data());
  }

  private static List<OffsetFetchRequestGroup> groups(
      RequestContext context, OffsetFetchRequestData request) {
    if (context.apiVersion() >= OffsetFetchRequest.BATCH_MIN_VERSION) {
      return request.groups();
    }
    OffsetFetchRequestGroup only = new OffsetFetchRequestGroup().setGroupId(request.groupId());
    if (request.topics() == null) {
      return List.of(only.setTopics(null));
    }
    request
        .topics()
        .forEach(
            topic ->
                only.topics()
                    .add(
                        new OffsetFetchRequestTopics()
                            .setName(topic.name())
                            .setPartitionIndexes(topic.partitionIndexes())));
    return List.of(only);
  }

  /** Never fails: an error is one group's answer. */
  private CompletableFuture<OffsetFetchResponseGroup> fetch(
      RequestContext context, OffsetFetchRequestGroup group, boolean requireStable) {
    boolean byId = OffsetFetchRequest.useTopicIds(context.apiVersion());
    boolean all = OffsetFetchRequest.requestAllOffsets(group);
    List<OffsetFetchResponseTopics> unknown = new ArrayList<>();
    OffsetFetchRequestGroup passed = byId && !all ? named(group, unknown) : group;
    CompletableFuture<OffsetFetchResponseGroup> answer;
    try {
      answer =
          coordinators
              .groups()
              .fetch(context, passed, requireStable)
              .thenApply(
                  response -> {
                    coordinators.requireLease(); // it may have waited for a pending commit
                    return response;
                  });
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    return answer.handle(
        (response, failure) -> {
          if (failure != null) {
            return OffsetFetchResponse.groupError(
                group, Errors.forException(Failures.causeOf(failure)), context.apiVersion());
          }
          if (response.errorCode() != Errors.NONE.code()) {
            return response;
          }
          List<OffsetFetchResponseTopics> topics = new ArrayList<>(response.topics());
          if (byId && all) {
            topics.removeIf(topic -> !giveId(topic));
          }
          topics.addAll(unknown);
          return response.setTopics(topics);
        });
  }

  /** What is asked for by id, with names; what has none any more goes to {@code unknown}. */
  private OffsetFetchRequestGroup named(
      OffsetFetchRequestGroup group, List<OffsetFetchResponseTopics> unknown) {
    MetadataImage image = metadata.image();
    OffsetFetchRequestGroup named =
        new OffsetFetchRequestGroup()
            .setGroupId(group.groupId())
            .setMemberId(group.memberId())
            .setMemberEpoch(group.memberEpoch());
    for (OffsetFetchRequestTopics asked : group.topics()) {
      Topic topic = image.topic(TopicIds.ours(asked.topicId()));
      if (topic != null) {
        named.topics().add(asked.setName(topic.name()));
        continue;
      }
      OffsetFetchResponseTopics error = new OffsetFetchResponseTopics().setTopicId(asked.topicId());
      asked
          .partitionIndexes()
          .forEach(
              partition ->
                  error
                      .partitions()
                      .add(
                          new OffsetFetchResponsePartitions()
                              .setPartitionIndex(partition)
                              .setCommittedOffset(OffsetFetchResponse.INVALID_OFFSET)
                              .setErrorCode(Errors.UNKNOWN_TOPIC_ID.code())));
      unknown.add(error);
    }
    return named;
  }

  /** Whether the topic has an id; one that was deleted cannot be named in these versions. */
  private boolean giveId(OffsetFetchResponseTopics topic) {
    if (topic.topicId().equals(Uuid.ZERO_UUID)) {
      Topic known = metadata.image().topic(topic.name());
      if (known == null) {
        return false;
      }
      topic.setTopicId(TopicIds.kafkas(known.id()));
    }
    return true;
  }
}
