package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.Topic;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.MetadataResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AutoCreationTest {
  private TestBroker broker;
  private RawClient client;

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.start();
    client = broker.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    broker.close();
  }

  private Map<String, Errors> ask(boolean mayCreate, String... names) throws IOException {
    MetadataRequestData request = new MetadataRequestData().setAllowAutoTopicCreation(mayCreate);
    for (String name : names) {
      request.topics().add(new MetadataRequestTopic().setName(name));
    }
    MetadataResponse response =
        (MetadataResponse) client.receive(client.send(request, ApiKeys.METADATA.latestVersion()));
    Map<String, Errors> errors = new HashMap<>();
    response
        .data()
        .topics()
        .forEach(topic -> errors.put(topic.name(), Errors.forCode(topic.errorCode())));
    return errors;
  }

  private List<String> topics() {
    return broker.metadata.image().topics().stream().map(Topic::name).sorted().toList();
  }

  @Test
  void onlyWhoSaysSoGetsATopic() throws IOException {
    assertThat(ask(false, "a")).containsEntry("a", Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(ask(true, "a")).containsEntry("a", Errors.NONE);
    assertThat(topics()).containsExactly("a");
  }

  @Test
  void noTopicIsCreatedById() throws IOException {
    MetadataRequestData request = new MetadataRequestData().setAllowAutoTopicCreation(true);
    request
        .topics()
        .add(new MetadataRequestTopic().setTopicId(new Uuid(1, 2)).setName("named-all-the-same"));
    request.topics().add(new MetadataRequestTopic().setTopicId(new Uuid(1, 3)).setName(null));
    MetadataResponse response =
        (MetadataResponse) client.receive(client.send(request, ApiKeys.METADATA.latestVersion()));
    assertThat(response.errorCounts()).containsOnlyKeys(Errors.UNKNOWN_TOPIC_ID);
    assertThat(topics()).isEmpty();
  }

  @Test
  void whereTheBrokerCreatesNoneNobodyGetsOne() throws Exception {
    stop();
    broker =
        TestBroker.start(
            new FrontendSettings(
                false,
                FrontendSettings.DEFAULTS.defaultPartitions(),
                FrontendSettings.DEFAULTS.defaultReplicationFactor(),
                FrontendSettings.DEFAULTS.fetchBytesMax(),
                FrontendSettings.DEFAULTS.fetchSessionsMax()),
            UnaryOperator.identity());
    client = broker.connect();
    assertThat(ask(true, "a")).containsEntry("a", Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(topics()).isEmpty();
  }

  @Test
  void oneRequestMakesNoMorePartitionsThanOneTopicMayHave() throws Exception {
    stop();
    broker =
        TestBroker.start(
            new FrontendSettings(
                true,
                CreateTopics.PARTITIONS_PER_TOPIC_MAX / 2,
                FrontendSettings.DEFAULTS.defaultReplicationFactor(),
                FrontendSettings.DEFAULTS.fetchBytesMax(),
                FrontendSettings.DEFAULTS.fetchSessionsMax()),
            UnaryOperator.identity());
    client = broker.connect();
    assertThat(ask(true, "a", "b", "a", "c")).containsEntry("c", Errors.LEADER_NOT_AVAILABLE);
    assertThat(topics()).containsExactly("a", "b");
    assertThat(ask(true, "a", "b", "c")).containsEntry("c", Errors.NONE);
  }

  @Test
  void aNameThatNoTopicMayHaveIsRefused() throws IOException {
    assertThat(ask(true, "a b", ".."))
        .isEqualTo(
            Map.of("a b", Errors.INVALID_TOPIC_EXCEPTION, "..", Errors.INVALID_TOPIC_EXCEPTION));
    assertThat(topics()).isEmpty();
  }

  @Test
  void aNameThatCollidesWithATopicIsRefused() throws IOException {
    broker.createTopic("a.b_c", 1);
    assertThat(ask(true, "a_b.c", "a_b_d"))
        .isEqualTo(Map.of("a_b.c", Errors.INVALID_TOPIC_EXCEPTION, "a_b_d", Errors.NONE));
    assertThat(ask(true, "a.b_c")).as("what is there").containsEntry("a.b_c", Errors.NONE);
    assertThat(ask(false, "a_b.c")).containsEntry("a_b.c", Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(topics()).containsExactly("a.b_c", "a_b_d");
  }

  @Test
  void ofNamesThatCollideInOneRequestTheFirstIsCreated() throws IOException {
    assertThat(ask(true, "x.y", "x_y", "x.y"))
        .isEqualTo(Map.of("x.y", Errors.NONE, "x_y", Errors.INVALID_TOPIC_EXCEPTION));
    assertThat(topics()).containsExactly("x.y");
  }
}
