package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Done;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferLeaders;
import io.sediment.metadata.PreferLeaders.Choice;
import io.sediment.metadata.PreferredLeader;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Lets the brokers lead again that were named last for partitions, and answers when they do. There
 * are no replicas that could lead without being in sync.
 */
final class ElectLeadersHandler
    implements ApiHandler<ElectLeadersRequestData, ElectLeadersResponseData> {
  private final ClusterMetadata metadata;
  private final Scheduler scheduler;

  ElectLeadersHandler(ClusterMetadata metadata, Scheduler scheduler) {
    this.metadata = metadata;
    this.scheduler = scheduler;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.ELECT_LEADERS;
  }

  @Override
  public CompletableFuture<ElectLeadersResponseData> handle(
      RequestContext context, ElectLeadersRequestData request) {
    MetadataImage image = metadata.image();
    boolean isPreferred = request.electionType() == ElectionType.PREFERRED.value;
    ElectLeadersResponseData response = new ElectLeadersResponseData();
    List<Choice> choices = new ArrayList<>();
    List<PartitionResult> results = new ArrayList<>();
    if (request.topicPartitions() == null) {
      for (Topic topic : image.topics()) {
        ReplicaElectionResult answer = new ReplicaElectionResult().setTopic(topic.name());
        for (int i = 0; i < topic.partitionCount(); i++) {
          PartitionResult result = judge(image, topic, i, isPreferred, choices, results);
          if (result.errorCode() != Errors.ELECTION_NOT_NEEDED.code()) {
            answer.partitionResult().add(result);
          }
        }
        if (!answer.partitionResult().isEmpty()) {
          response.replicaElectionResults().add(answer);
        }
      }
    } else {
      for (TopicPartitions asked : request.topicPartitions()) {
        ReplicaElectionResult answer = new ReplicaElectionResult().setTopic(asked.topic());
        response.replicaElectionResults().add(answer);
        Topic topic = image.topic(asked.topic());
        for (int partition : asked.partitions()) {
          answer
              .partitionResult()
              .add(judge(image, topic, partition, isPreferred, choices, results));
        }
      }
    }
    if (choices.isEmpty()) {
      return CompletableFuture.completedFuture(response);
    }
    return metadata
        .submit(new PreferLeaders(choices))
        .thenApply(CommandResult::valueOrThrow)
        .handle((accepted, failure) -> moving(choices, results, accepted, failure))
        .thenCompose(moving -> moved(moving, Duration.ofMillis(Math.max(0, request.timeoutMs()))))
        .thenApply(
            last -> {
              for (int i = 0; i < results.size(); i++) {
                PartitionResult result = results.get(i);
                if (result.errorCode() == Errors.NONE.code() && !leads(choices.get(i), last)) {
                  set(result, Errors.REQUEST_TIMED_OUT, "not handed over yet");
                }
              }
              return response;
            });
  }

  /** Adds to {@code choices} and {@code results} what has to be moved. */
  private static PartitionResult judge(
      MetadataImage image,
      @Nullable Topic topic,
      int index,
      boolean isPreferred,
      List<Choice> choices,
      List<PartitionResult> results) {
    PartitionResult result = new PartitionResult().setPartitionId(index);
    Partition partition = topic == null ? null : topic.partition(index);
    if (topic == null || partition == null) {
      return set(result, Errors.UNKNOWN_TOPIC_OR_PARTITION, null);
    }
    int leader = image.leaderOf(partition);
    PartitionId id = new PartitionId(topic.id(), index);
    PreferredLeader preferred = isPreferred ? image.preferredLeader(id) : null;
    if (preferred == null || preferred.broker() == leader) {
      return leader != MetadataImage.NO_LEADER
          ? set(result, Errors.ELECTION_NOT_NEEDED, null)
          : set(
              result,
              isPreferred
                  ? Errors.PREFERRED_LEADER_NOT_AVAILABLE
                  : Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE,
              "its lane is being closed");
    }
    choices.add(new Choice(id, preferred.broker()));
    results.add(result);
    return result;
  }

  /** Those of the choices that were accepted; the results of the others say why not. */
  private static List<Choice> moving(
      List<Choice> choices,
      List<PartitionResult> results,
      @Nullable List<CommandResult<Done>> accepted,
      @Nullable Throwable failure) {
    List<Choice> moving = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      if (failure != null) {
        AdminError error = AdminError.of(failure);
        set(results.get(i), error.error(), error.message());
      } else if (accepted != null && accepted.get(i) instanceof Rejected<Done> rejected) {
        set(results.get(i), Errors.PREFERRED_LEADER_NOT_AVAILABLE, rejected.message());
      } else {
        moving.add(choices.get(i));
      }
    }
    return moving;
  }

  /** The image in which all lead that shall, or the one when the time is up. */
  private CompletableFuture<MetadataImage> moved(List<Choice> choices, Duration timeout) {
    CompletableFuture<MetadataImage> moved = new CompletableFuture<>();
    ClusterMetadata.Subscription subscription =
        metadata.subscribe(
            (before, after) -> {
              if (choices.stream().allMatch(choice -> leads(choice, after))) {
                moved.complete(after);
              }
            });
    Scheduler.Cancellable timer =
        scheduler.schedule(() -> moved.complete(metadata.image()), timeout);
    return moved.whenComplete(
        (image, failure) -> {
          subscription.cancel();
          timer.cancel();
        });
  }

  private static boolean leads(Choice choice, MetadataImage image) {
    Partition partition = image.partition(choice.partition());
    return partition != null && image.leaderOf(partition) == choice.broker();
  }

  private static PartitionResult set(
      PartitionResult result, Errors error, @Nullable String message) {
    return result
        .setErrorCode(error.code())
        .setErrorMessage(message == null && error != Errors.NONE ? error.message() : message);
  }
}
