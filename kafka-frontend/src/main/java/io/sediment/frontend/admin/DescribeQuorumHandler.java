package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataQuorum.Member;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.Listener;
import org.apache.kafka.common.message.DescribeQuorumResponseData.ListenerCollection;
import org.apache.kafka.common.message.DescribeQuorumResponseData.Node;
import org.apache.kafka.common.message.DescribeQuorumResponseData.NodeCollection;
import org.apache.kafka.common.message.DescribeQuorumResponseData.PartitionData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.ReplicaState;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeQuorumRequest;
import org.apache.kafka.common.requests.DescribeQuorumResponse;

/**
 * Tells who keeps the metadata log, in Kafka's words: as if it were the one partition of {@code
 * __cluster_metadata}, with offsets that are indexes of the log. Brokers without a vote are
 * observers.
 */
final class DescribeQuorumHandler
    implements ApiHandler<DescribeQuorumRequestData, DescribeQuorumResponseData> {
  private static final TopicPartition LOG =
      new TopicPartition(Topic.CLUSTER_METADATA_TOPIC_NAME, 0);
  private static final String LISTENER = "RAFT";
  private static final short FIRST_VERSION_WITH_NODES = 2;
  private static final long UNKNOWN_TIME = -1;

  private final Supplier<CompletableFuture<MetadataQuorum>> quorum;
  private final InstantSource clock;

  DescribeQuorumHandler(Supplier<CompletableFuture<MetadataQuorum>> quorum, InstantSource clock) {
    this.quorum = quorum;
    this.clock = clock;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DESCRIBE_QUORUM;
  }

  @Override
  public CompletableFuture<DescribeQuorumResponseData> handle(
      RequestContext context, DescribeQuorumRequestData request) {
    if (!asksForTheLog(request)) {
      return CompletableFuture.completedFuture(
          DescribeQuorumRequest.getPartitionLevelErrorResponse(
              request, Errors.UNKNOWN_TOPIC_OR_PARTITION));
    }
    return quorum
        .get()
        .handle(
            (found, failure) ->
                failure == null
                    ? response(found, context.apiVersion())
                    : failed(AdminError.of(failure), context.apiVersion()));
  }

  private static boolean asksForTheLog(DescribeQuorumRequestData request) {
    return request.topics().size() == 1
        && request.topics().get(0).topicName().equals(LOG.topic())
        && request.topics().get(0).partitions().size() == 1
        && request.topics().get(0).partitions().get(0).partitionIndex() == LOG.partition();
  }

  private static DescribeQuorumResponseData failed(AdminError error, short version) {
    DescribeQuorumResponseData response =
        new DescribeQuorumResponseData().setErrorCode(error.code());
    return version >= FIRST_VERSION_WITH_NODES
        ? response.setErrorMessage(error.message())
        : response;
  }

  private DescribeQuorumResponseData response(MetadataQuorum found, short version) {
    PartitionData partition =
        new PartitionData()
            .setPartitionIndex(LOG.partition())
            .setLeaderId(found.leader())
            .setLeaderEpoch((int) Math.min(found.term(), Integer.MAX_VALUE))
            .setHighWatermark(found.committedIndex() + 1);
    NodeCollection nodes = new NodeCollection();
    for (Member member : found.members()) {
      ReplicaState state = state(member, found, version);
      List<ReplicaState> peers = member.votes() ? partition.currentVoters() : partition.observers();
      peers.add(state);
      if (version >= FIRST_VERSION_WITH_NODES && nodes.find(member.broker()) == null) {
        ListenerCollection listeners = new ListenerCollection();
        listeners.add(
            new Listener()
                .setName(LISTENER)
                .setHost(member.address().host())
                .setPort(member.address().port()));
        nodes.add(new Node().setNodeId(member.broker()).setListeners(listeners));
      }
    }
    return DescribeQuorumResponse.singletonResponse(LOG, partition, nodes);
  }

  private ReplicaState state(Member member, MetadataQuorum quorum, short version) {
    long heardAt = clock.millis() - member.silentFor().toMillis();
    ReplicaState state =
        new ReplicaState()
            .setReplicaId(member.broker())
            .setLogEndOffset(member.lastIndex() + 1)
            .setLastFetchTimestamp(member.lastIndex() < 0 ? UNKNOWN_TIME : heardAt)
            .setLastCaughtUpTimestamp(
                member.lastIndex() >= quorum.lastIndex() ? heardAt : UNKNOWN_TIME);
    return version >= FIRST_VERSION_WITH_NODES
        ? state.setReplicaDirectoryId(
            new Uuid(
                member.storageId().getMostSignificantBits(),
                member.storageId().getLeastSignificantBits()))
        : state;
  }
}
