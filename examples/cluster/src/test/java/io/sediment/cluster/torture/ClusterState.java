package io.sediment.cluster.torture;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * What a cluster keeps besides records, as a client sees it.
 *
 * @param topics id and number of partitions of each topic
 * @param configs what was set on each topic
 * @param offsets what each group has committed
 */
record ClusterState(
    Map<String, String> topics,
    Map<String, String> configs,
    Map<String, Map<String, String>> offsets) {
  private static final int SECONDS_MAX = 60;

  /** Sets a config and commits offsets, so that there is something to keep. */
  static void leaveTraces(String bootstrap, String topic, int partitions) throws Exception {
    try (Admin admin = admin(bootstrap)) {
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      admin
          .incrementalAlterConfigs(
              Map.of(
                  resource,
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry("retention.ms", "987654321"), AlterConfigOp.OpType.SET))))
          .all()
          .get(SECONDS_MAX, TimeUnit.SECONDS);
      for (int group = 0; group < 5; group++) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (int partition = 0; partition < partitions; partition++) {
          offsets.put(
              new TopicPartition(topic, partition),
              new OffsetAndMetadata(10 * group + partition, "of group " + group));
        }
        admin
            .alterConsumerGroupOffsets("group-" + group, offsets)
            .all()
            .get(SECONDS_MAX, TimeUnit.SECONDS);
      }
    }
  }

  static ClusterState of(String bootstrap) throws Exception {
    try (Admin admin = admin(bootstrap)) {
      Map<String, TopicDescription> described =
          admin
              .describeTopics(admin.listTopics().names().get(SECONDS_MAX, TimeUnit.SECONDS))
              .allTopicNames()
              .get(SECONDS_MAX, TimeUnit.SECONDS);
      Map<String, String> topics = new TreeMap<>();
      described.forEach(
          (name, topic) -> topics.put(name, topic.topicId() + "/" + topic.partitions().size()));
      Map<String, String> configs = new TreeMap<>();
      admin
          .describeConfigs(
              described.keySet().stream()
                  .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                  .toList())
          .all()
          .get(SECONDS_MAX, TimeUnit.SECONDS)
          .forEach(
              (resource, found) ->
                  configs.put(
                      resource.name(),
                      found.entries().stream()
                          .filter(e -> e.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                          .map(e -> e.name() + "=" + e.value())
                          .sorted()
                          .collect(Collectors.joining(" "))));
      Map<String, Map<String, String>> offsets = new TreeMap<>();
      for (var group : admin.listGroups().all().get(SECONDS_MAX, TimeUnit.SECONDS)) {
        Map<String, String> committed = new TreeMap<>();
        admin
            .listConsumerGroupOffsets(group.groupId())
            .partitionsToOffsetAndMetadata()
            .get(SECONDS_MAX, TimeUnit.SECONDS)
            .forEach(
                (partition, at) ->
                    committed.put(partition.toString(), at.offset() + " " + at.metadata()));
        offsets.put(group.groupId(), committed);
      }
      return new ClusterState(topics, configs, offsets);
    }
  }

  private static Admin admin(String bootstrap) {
    return Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap));
  }
}
