package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.cluster.BrokerSettings.StoreType;
import io.sediment.cluster.ValueTypes.HostAndPort;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BrokerSettingsTest {
  @Test
  void anEmptyEnvironmentIsOneLocalBroker() {
    BrokerSettings settings = BrokerSettings.from(Map.of());
    assertThat(settings.port()).isEqualTo(9092);
    assertThat(settings.advertisedHost()).isEqualTo("localhost");
    assertThat(settings.storeType()).isEqualTo(StoreType.LOCAL);
    assertThat(settings.raftPeers()).isEmpty();
    assertThat(settings.memoryBudgetBytes()).isEmpty();
  }

  @Test
  void anEmptyVariableCountsAsUnset() {
    assertThat(BrokerSettings.from(Map.of("PORT", " ")).port()).isEqualTo(9092);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "PORT; 0",
        "PORT; 65536",
        "PORT; kafka",
        "BROKER_ID; -1",
        "OBJECT_STORE_TYPE; tape",
        "RAFT_LISTEN_ADDR; 9093",
        "RAFT_PEERS; 0=a:1,0=b:2",
        "RAFT_PEERS; a:1",
        "AUTO_CREATE_TOPICS; yes",
        "NUM_PARTITIONS; 0",
        "MEMORY_BUDGET; 1m",
        "MEMORY_BUDGET; 99999999999g",
        "WAL_PROFILE; fast",
        "OBJECT_STORE_TYPE; s3",
      })
  void aWrongValueIsToldWithVariableValueAndWhatIsAllowed(String variable, String value) {
    assertThatThrownBy(() -> BrokerSettings.from(Map.of(variable, value)))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageMatching("[A-Z0-9_]+='[^\n]*' is not allowed; it takes [^\n]+");
  }

  @Test
  void aWildcardHostInAClusterNeedsAnAdvertisedHost() {
    Map<String, String> cluster = Map.of("RAFT_PEERS", "0=a:1,1=b:2,2=c:3");
    assertThatThrownBy(() -> BrokerSettings.from(cluster)).hasMessageContaining("ADVERTISED_HOST");
  }

  @Test
  void aGroupConfigThatKafkaDoesNotKnowIsToldAsItWasGiven() {
    assertThatThrownBy(() -> BrokerSettings.from(Map.of("GROUP_CONFIGS", "group.foo=1")))
        .hasMessageStartingWith("GROUP_CONFIGS='group.foo=1' is not allowed; it takes what Kafka's")
        .hasMessageContaining("group.foo")
        .message()
        .hasLineCount(1);
  }

  @Test
  void sizesAndPeersAreUnderstood() {
    BrokerSettings settings =
        BrokerSettings.from(
            Map.of(
                "MEMORY_BUDGET",
                "512m",
                "RAFT_PEERS",
                "1=b:2, 0=a:1",
                "ADVERTISED_HOST",
                "broker-0.example"));
    assertThat(settings.memoryBudgetBytes()).hasValue(512L << 20);
    assertThat(settings.raftPeers())
        .containsEntry(0, new HostAndPort("a", 1))
        .containsEntry(1, new HostAndPort("b", 2));
  }
}
