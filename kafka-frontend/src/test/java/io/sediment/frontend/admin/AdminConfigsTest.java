package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What Kafka's own admin client sees of configs. */
class AdminConfigsTest extends AdminClientTestCase {
  private static final ConfigResource BROKER =
      new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(TestBroker.ID));
  private static final ConfigResource ALL_BROKERS =
      new ConfigResource(ConfigResource.Type.BROKER, "");

  private Errors alter(ConfigResource resource, OpType type, String name, String value)
      throws InterruptedException {
    return errorOf(
        admin
            .incrementalAlterConfigs(
                Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), type))))
            .all());
  }

  @Test
  void aConfigTellsWhereItComesFromAndWhatItWouldBeOtherwise() throws Exception {
    broker.createTopic("dc", 1, Map.of("retention.ms", "1111"));
    assertThat(alter(ALL_BROKERS, OpType.SET, "log.retention.ms", "2222")).isEqualTo(Errors.NONE);
    assertThat(alter(BROKER, OpType.SET, "log.retention.ms", "3333")).isEqualTo(Errors.NONE);
    ConfigEntry entry = configOf(topic("dc"), true).get("retention.ms");
    assertThat(entry.value()).isEqualTo("1111");
    assertThat(entry.source()).isEqualTo(ConfigSource.DYNAMIC_TOPIC_CONFIG);
    assertThat(entry.type()).isEqualTo(ConfigEntry.ConfigType.LONG);
    assertThat(entry.synonyms())
        .extracting(s -> s.name() + "=" + s.value() + " " + s.source())
        .containsExactly(
            "retention.ms=1111 DYNAMIC_TOPIC_CONFIG",
            "log.retention.ms=3333 DYNAMIC_BROKER_CONFIG",
            "log.retention.ms=2222 DYNAMIC_DEFAULT_BROKER_CONFIG",
            "log.retention.ms=604800000 DEFAULT_CONFIG");
    assertThat(configOf(topic("dc"), false).get("retention.ms").synonyms()).isEmpty();
    assertThat(configOf(topic("dc"), false).entries())
        .filteredOn(e -> e.source() == ConfigSource.DEFAULT_CONFIG)
        .allMatch(ConfigEntry::isDefault)
        .hasSizeGreaterThan(20);
    assertThat(configOf(topic("dc"), false).get("max.decompressed.message.bytes").value())
        .isEqualTo(Integer.toString(TopicConfigDefinitions.DECOMPRESSED_BYTES_MAX));

    assertThat(alter(topic("dc"), OpType.DELETE, "retention.ms", null)).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("dc"), false).get("retention.ms").value()).isEqualTo("3333");
    assertThat(configOf(BROKER, false).get("log.retention.ms").value()).isEqualTo("3333");
    assertThat(configOf(BROKER, false).get("node.id").source())
        .isEqualTo(ConfigSource.STATIC_BROKER_CONFIG);
    assertThat(configOf(BROKER, false).get("node.id").isReadOnly()).isTrue();
    assertThat(configOf(ALL_BROKERS, false).entries())
        .extracting(ConfigEntry::name)
        .containsExactly("log.retention.ms");
    assertThat(alter(BROKER, OpType.DELETE, "log.retention.ms", null)).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("dc"), false).get("retention.ms").source())
        .isEqualTo(ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
    assertThat(alter(ALL_BROKERS, OpType.DELETE, "log.retention.ms", null)).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("dc"), false).get("retention.ms").isDefault()).isTrue();
  }

  @Test
  void aShareOfTheBudgetIsAConfigLikeKafkasOwn() throws Exception {
    broker.createTopic("share", 1, Map.of());
    assertThat(configOf(topic("share"), false).get(OWN_CONFIG).value()).isEqualTo("-1.0");
    assertThat(alter(ALL_BROKERS, OpType.SET, "log." + OWN_CONFIG, "101"))
        .isEqualTo(Errors.INVALID_CONFIG);
    assertThat(alter(ALL_BROKERS, OpType.SET, "log." + OWN_CONFIG, "20")).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("share"), false).get(OWN_CONFIG).value()).isEqualTo("20");
    assertThat(alter(topic("share"), OpType.SET, OWN_CONFIG, "33.3")).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("share"), true).get(OWN_CONFIG).synonyms())
        .extracting(s -> s.name() + "=" + s.value() + " " + s.source())
        .containsExactly(
            "retention.budget.percent=33.3 DYNAMIC_TOPIC_CONFIG",
            "log.retention.budget.percent=20 DYNAMIC_DEFAULT_BROKER_CONFIG",
            "log.retention.budget.percent=-1.0 DEFAULT_CONFIG");
    assertThat(alter(ALL_BROKERS, OpType.DELETE, "log." + OWN_CONFIG, null)).isEqualTo(Errors.NONE);
  }

  @Test
  void configsOfWhatIsNotThereAreErrors() throws Exception {
    assertThat(configError(topic("dc-missing"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(configError(topic("no such"))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
    assertThat(configError(new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "m")))
        .isEqualTo(Errors.INVALID_REQUEST);
  }

  @Test
  void aGroupHasConfigsBeforeItHasMembers() throws Exception {
    ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "g");
    String session = "consumer.session.timeout.ms";
    assertThat(configError(group)).isEqualTo(Errors.NONE);
    assertThat(alter(group, OpType.SET, session, "50000")).isEqualTo(Errors.NONE);
    assertThat(configOf(group, false).get(session).value()).isEqualTo("50000");
    assertThat(alter(group, OpType.SET, session, "1")).isEqualTo(Errors.INVALID_CONFIG);
    assertThat(alter(group, OpType.SET, "no.such.config", "1")).isEqualTo(Errors.INVALID_CONFIG);
    assertThat(alter(group, OpType.DELETE, session, null)).isEqualTo(Errors.NONE);
    assertThat(configOf(group, false).get(session).isDefault()).isTrue();
  }

  private Errors configError(ConfigResource resource) throws InterruptedException {
    return errorOf(admin.describeConfigs(List.of(resource)).values().get(resource));
  }

  static Stream<Arguments> alterations() {
    ConfigResource there = topic("ic");
    return Stream.of(
        Arguments.of(Errors.NONE, there, OpType.SET, "retention.ms", "-1"),
        Arguments.of(Errors.NONE, there, OpType.DELETE, "retention.bytes", null),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SET, "retention.ms", "x"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SET, "retention.ms", "-5"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SET, "no.such.config", "1"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.APPEND, "retention.ms", "1"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SUBTRACT, "retention.ms", "1"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.APPEND, "cleanup.policy", "burn"),
        Arguments.of(Errors.INVALID_REQUEST, there, OpType.SET, "retention.ms", null),
        Arguments.of(
            Errors.UNKNOWN_TOPIC_OR_PARTITION,
            topic("ic-missing"),
            OpType.SET,
            "retention.ms",
            "1"),
        Arguments.of(
            Errors.INVALID_TOPIC_EXCEPTION, topic("no such"), OpType.SET, "retention.ms", "1"),
        Arguments.of(Errors.NONE, BROKER, OpType.SET, "log.segment.bytes", "1048576"),
        Arguments.of(Errors.NONE, BROKER, OpType.APPEND, "log.cleanup.policy", "compact"),
        Arguments.of(Errors.INVALID_CONFIG, BROKER, OpType.SET, "log.segment.bytes", "many"),
        Arguments.of(Errors.INVALID_CONFIG, BROKER, OpType.SET, "log.retention.hours", "x"),
        Arguments.of(Errors.INVALID_CONFIG, BROKER, OpType.SET, "node.id", "5"),
        Arguments.of(Errors.INVALID_CONFIG, ALL_BROKERS, OpType.SET, "retention.ms", "5"));
  }

  @ParameterizedTest(name = "{2} {3}={4} of {1}: {0}")
  @MethodSource("alterations")
  void configsAreAlteredUnderKafkasRules(
      Errors expected, ConfigResource resource, OpType type, String name, String value)
      throws Exception {
    if (broker.metadata.image().topic("ic") == null) {
      broker.createTopic("ic", 1);
    }
    Map<ConfigResource, Collection<AlterConfigOp>> change =
        Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), type)));
    var before = broker.metadata.image().topic("ic").configs();
    assertThat(
            errorOf(
                admin
                    .incrementalAlterConfigs(change, new AlterConfigsOptions().validateOnly(true))
                    .all()))
        .as("validate only")
        .isEqualTo(expected);
    assertThat(broker.metadata.image().topic("ic").configs()).isEqualTo(before);
    assertThat(errorOf(admin.incrementalAlterConfigs(change).all())).isEqualTo(expected);
    if (expected != Errors.NONE) {
      assertThat(broker.metadata.image().topic("ic").configs()).isEqualTo(before);
    } else if (resource.type() == ConfigResource.Type.BROKER) {
      assertThat(alter(resource, OpType.DELETE, name, null)).isEqualTo(Errors.NONE);
    }
  }

  @Test
  void listsAreAppendedToAndSubtractedFrom() throws Exception {
    broker.createTopic("list", 1);
    assertThat(alter(topic("list"), OpType.APPEND, "cleanup.policy", "compact"))
        .isEqualTo(Errors.NONE);
    assertThat(policy()).as("over the default").isEqualTo("delete,compact");
    assertThat(alter(topic("list"), OpType.APPEND, "cleanup.policy", "compact"))
        .isEqualTo(Errors.NONE);
    assertThat(policy()).as("not twice").isEqualTo("delete,compact");
    assertThat(alter(topic("list"), OpType.SUBTRACT, "cleanup.policy", "delete"))
        .isEqualTo(Errors.NONE);
    assertThat(policy()).isEqualTo("compact");
    assertThat(alter(topic("list"), OpType.DELETE, "cleanup.policy", null)).isEqualTo(Errors.NONE);
    assertThat(policy()).isEqualTo("delete");
  }

  private String policy() throws Exception {
    return configOf(topic("list"), false).get("cleanup.policy").value();
  }
}
