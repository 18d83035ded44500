package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.sediment.frontend.TestBroker;
import io.sediment.runtime.Await;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

/** What Kafka's own admin client sees of the cluster. */
class AdminClusterTest extends AdminClientTestCase {
  @Test
  void theClusterIsThisBroker() throws Exception {
    DescribeClusterResult cluster = admin.describeCluster();
    assertThat(cluster.clusterId().get()).isEqualTo(broker.metadata.image().clusterId());
    assertThat(cluster.controller().get().id()).isEqualTo(TestBroker.ID);
    assertThat(cluster.nodes().get()).extracting(Node::port).containsExactly(broker.port());
  }

  @Test
  void onlyFeaturesThatAreServedAreFinalized() {
    Await.until("the broker has finalized them", () -> features().finalizedFeatures().size() >= 2);
    FeatureMetadata features = features();
    Map<String, Integer> levels = new HashMap<>();
    features
        .finalizedFeatures()
        .forEach((name, range) -> levels.put(name, (int) range.maxVersionLevel()));
    assertThat(levels).containsOnly(entry("group.version", 1), entry("streams.version", 1));
    assertThat(features.supportedFeatures().keySet()).containsAll(levels.keySet());
  }

  private FeatureMetadata features() {
    return admin
        .describeFeatures()
        .featureMetadata()
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  @Test
  void resourcesWithConfigsAreListed() throws Exception {
    broker.createTopic("listed", 1);
    assertThat(admin.listConfigResources().all().get())
        .contains(topic("listed"), new ConfigResource(ConfigResource.Type.BROKER, "0"));
    assertThat(
            admin
                .listConfigResources(
                    Set.of(ConfigResource.Type.TOPIC),
                    new org.apache.kafka.clients.admin.ListConfigResourcesOptions())
                .all()
                .get()
                .stream()
                .map(ConfigResource::type)
                .collect(Collectors.toSet()))
        .containsExactly(ConfigResource.Type.TOPIC);
  }
}
