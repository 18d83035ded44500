package io.sediment.frontend;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.DescribeQuorumRequest;

/** The smallest request of each API that asks for something, in any version of it. */
public final class ValidRequests {
  private static final int UNKNOWN_BROKER = 99;
  private static final int TIMEOUT_MS = 30_000;
  private static final byte TOPIC = ConfigResource.Type.TOPIC.id();

  private ValidRequests() {}

  /**
   * What a request is about; it asks for partition 0.
   *
   * @param partitions of the topic, to which one is added
   */
  public record Subject(String topic, Uuid topicId, int partitions, ByteBuffer batch) {}

  public static ApiMessage of(ApiKeys key, short version, Subject about) {
    String topic = about.topic();
    return switch (key) {
      case PRODUCE -> produce(version, about);
      case FETCH -> fetch(version, about);
      case LIST_OFFSETS ->
          new ListOffsetsRequestData()
              .setReplicaId(-1)
              .setTopics(
                  List.of(
                      new ListOffsetsRequestData.ListOffsetsTopic()
                          .setName(topic)
                          .setPartitions(
                              List.of(
                                  new ListOffsetsRequestData.ListOffsetsPartition()
                                      .setTimestamp(-1)))));
      case METADATA ->
          new MetadataRequestData()
              .setAllowAutoTopicCreation(true)
              .setTopics(List.of(new MetadataRequestData.MetadataRequestTopic().setName(topic)));
      case API_VERSIONS ->
          new ApiVersionsRequestData().setClientSoftwareName("raw").setClientSoftwareVersion("1.0");
      case CREATE_TOPICS -> createTopics(topic + "-" + version);
      case DELETE_TOPICS -> deleteTopics(version, about);
      case DELETE_RECORDS ->
          new DeleteRecordsRequestData()
              .setTimeoutMs(TIMEOUT_MS)
              .setTopics(
                  List.of(
                      new DeleteRecordsRequestData.DeleteRecordsTopic()
                          .setName(topic)
                          .setPartitions(
                              List.of(
                                  new DeleteRecordsRequestData.DeleteRecordsPartition()
                                      .setOffset(-1)))));
      case INIT_PRODUCER_ID -> new InitProducerIdRequestData().setTransactionalId(null);
      case OFFSET_FOR_LEADER_EPOCH -> offsetForLeaderEpoch(topic);
      case DESCRIBE_CONFIGS ->
          new DescribeConfigsRequestData()
              .setResources(
                  List.of(
                      new DescribeConfigsRequestData.DescribeConfigsResource()
                          .setResourceType(TOPIC)
                          .setResourceName(topic)
                          .setConfigurationKeys(null)));
      case ALTER_CONFIGS -> alterConfigs(topic);
      case INCREMENTAL_ALTER_CONFIGS -> incrementalAlterConfigs(topic);
      case DESCRIBE_LOG_DIRS -> describeLogDirs(topic);
      case CREATE_PARTITIONS -> createPartitions(about);
      case DESCRIBE_CLUSTER -> new DescribeClusterRequestData();
      case DESCRIBE_PRODUCERS -> describeProducers(topic);
      case DESCRIBE_TOPIC_PARTITIONS ->
          new DescribeTopicPartitionsRequestData()
              .setTopics(
                  List.of(new DescribeTopicPartitionsRequestData.TopicRequest().setName(topic)));
      case LIST_CONFIG_RESOURCES -> new ListConfigResourcesRequestData();
      case ALTER_PARTITION_REASSIGNMENTS -> reassign(topic);
      case LIST_PARTITION_REASSIGNMENTS ->
          new ListPartitionReassignmentsRequestData()
              .setTopics(
                  List.of(
                      new ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics()
                          .setName(topic)
                          .setPartitionIndexes(List.of(0))));
      case ELECT_LEADERS -> electLeaders(topic);
      case DESCRIBE_QUORUM ->
          DescribeQuorumRequest.singletonRequest(new TopicPartition("__cluster_metadata", 0));
      case UNREGISTER_BROKER -> new UnregisterBrokerRequestData().setBrokerId(UNKNOWN_BROKER);
      default -> ValidGroupRequests.of(key, version, about);
    };
  }

  /** What a request may be answered with that is right in all but who asks. */
  public static Set<Errors> answersTo(ApiKeys key) {
    if (key == ApiKeys.UNREGISTER_BROKER) {
      return Set.of(Errors.BROKER_ID_NOT_REGISTERED);
    }
    if (key == ApiKeys.ELECT_LEADERS) {
      return Set.of(Errors.NONE, Errors.ELECTION_NOT_NEEDED);
    }
    return ValidGroupRequests.answersTo(key);
  }

  private static ApiMessage produce(short version, Subject about) {
    ProduceRequestData.TopicProduceData topic = new ProduceRequestData.TopicProduceData();
    if (version >= 13) {
      topic.setTopicId(about.topicId());
    } else {
      topic.setName(about.topic());
    }
    topic
        .partitionData()
        .add(
            new ProduceRequestData.PartitionProduceData()
                .setRecords(MemoryRecords.readableRecords(about.batch().duplicate())));
    ProduceRequestData request =
        new ProduceRequestData().setAcks((short) -1).setTimeoutMs(TIMEOUT_MS);
    request.topicData().add(topic);
    return request;
  }

  private static ApiMessage fetch(short version, Subject about) {
    FetchRequestData.FetchTopic topic = new FetchRequestData.FetchTopic();
    if (version >= 13) {
      topic.setTopicId(about.topicId());
    } else {
      topic.setTopic(about.topic());
    }
    topic.partitions().add(new FetchRequestData.FetchPartition().setPartitionMaxBytes(1 << 20));
    return new FetchRequestData()
        .setMaxWaitMs(0)
        .setMinBytes(0)
        .setMaxBytes(1 << 20)
        .setTopics(List.of(topic));
  }

  private static ApiMessage createTopics(String name) {
    CreateTopicsRequestData request = new CreateTopicsRequestData().setTimeoutMs(TIMEOUT_MS);
    request
        .topics()
        .add(
            new CreateTopicsRequestData.CreatableTopic()
                .setName(name)
                .setNumPartitions(1)
                .setReplicationFactor((short) 1));
    return request;
  }

  private static ApiMessage deleteTopics(short version, Subject about) {
    DeleteTopicsRequestData request = new DeleteTopicsRequestData().setTimeoutMs(TIMEOUT_MS);
    return version < 6
        ? request.setTopicNames(List.of(about.topic()))
        : request.setTopics(
            List.of(
                new DeleteTopicsRequestData.DeleteTopicState()
                    .setName(null)
                    .setTopicId(about.topicId())));
  }

  private static ApiMessage offsetForLeaderEpoch(String topic) {
    OffsetForLeaderEpochRequestData request = new OffsetForLeaderEpochRequestData();
    request
        .topics()
        .add(
            new OffsetForLeaderEpochRequestData.OffsetForLeaderTopic()
                .setTopic(topic)
                .setPartitions(
                    List.of(new OffsetForLeaderEpochRequestData.OffsetForLeaderPartition())));
    return request;
  }

  private static ApiMessage alterConfigs(String topic) {
    AlterConfigsRequestData.AlterConfigsResource resource =
        new AlterConfigsRequestData.AlterConfigsResource()
            .setResourceType(TOPIC)
            .setResourceName(topic);
    resource
        .configs()
        .add(
            new AlterConfigsRequestData.AlterableConfig()
                .setName("retention.ms")
                .setValue("3600000"));
    AlterConfigsRequestData request = new AlterConfigsRequestData();
    request.resources().add(resource);
    return request;
  }

  private static ApiMessage incrementalAlterConfigs(String topic) {
    IncrementalAlterConfigsRequestData.AlterConfigsResource resource =
        new IncrementalAlterConfigsRequestData.AlterConfigsResource()
            .setResourceType(TOPIC)
            .setResourceName(topic);
    resource
        .configs()
        .add(
            new IncrementalAlterConfigsRequestData.AlterableConfig()
                .setName("retention.ms")
                .setValue("3600000"));
    IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
    request.resources().add(resource);
    return request;
  }

  private static ApiMessage describeLogDirs(String topic) {
    DescribeLogDirsRequestData request = new DescribeLogDirsRequestData();
    request
        .topics()
        .add(
            new DescribeLogDirsRequestData.DescribableLogDirTopic()
                .setTopic(topic)
                .setPartitions(List.of(0)));
    return request;
  }

  private static ApiMessage createPartitions(Subject about) {
    CreatePartitionsRequestData request =
        new CreatePartitionsRequestData().setTimeoutMs(TIMEOUT_MS);
    request
        .topics()
        .add(
            new CreatePartitionsRequestData.CreatePartitionsTopic()
                .setName(about.topic())
                .setCount(about.partitions() + 1)
                .setAssignments(null));
    return request;
  }

  /** To the broker that leads it already. */
  private static ApiMessage reassign(String topic) {
    return new AlterPartitionReassignmentsRequestData()
        .setTopics(
            List.of(
                new AlterPartitionReassignmentsRequestData.ReassignableTopic()
                    .setName(topic)
                    .setPartitions(
                        List.of(
                            new AlterPartitionReassignmentsRequestData.ReassignablePartition()
                                .setReplicas(List.of(0))))));
  }

  private static ApiMessage electLeaders(String topic) {
    ElectLeadersRequestData request = new ElectLeadersRequestData().setTimeoutMs(TIMEOUT_MS);
    request
        .topicPartitions()
        .add(
            new ElectLeadersRequestData.TopicPartitions()
                .setTopic(topic)
                .setPartitions(List.of(0)));
    return request;
  }

  private static ApiMessage describeProducers(String topic) {
    DescribeProducersRequestData request = new DescribeProducersRequestData();
    request
        .topics()
        .add(
            new DescribeProducersRequestData.TopicRequest()
                .setName(topic)
                .setPartitionIndexes(List.of(0)));
    return request;
  }
}
