package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.cluster.BrokerSettings.StoreType;
import io.sediment.cluster.ValueTypes.ByteSize;
import io.sediment.cluster.ValueTypes.HostAndPort;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BrokerSettingsTest {
  @Test
  void anEmptyEnvironmentIsOneLocalBroker() {
    BrokerSettings settings = BrokerSettings.from(Map.of());
    assertThat(settings.port()).isEqualTo(9092);
    assertThat(settings.advertisedHost()).isEqualTo("localhost");
    assertThat(settings.storeType()).isEqualTo(StoreType.LOCAL);
    assertThat(settings.raftPeers()).isEmpty();
    assertThat(settings.memoryBudget()).isEmpty();
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
        "HOST; a b",
        "ADVERTISED_HOST; a b",
        "ADVERTISED_HOST; a\tb",
        "ADVERTISED_HOST; a\u00a0b",
        "CLUSTER_ID; a b",
        "AWS_REGION; eu central",
        "S3_BUCKET; A B/C",
        "S3_BUCKET; ab",
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

  @ParameterizedTest
  @ValueSource(
      strings = {"BROKER_RACK", "HOST", "ADVERTISED_HOST", "CLUSTER_ID", "AWS_REGION", "S3_BUCKET"})
  void aLongNameIsToldByItsBeginningAndItsLength(String variable) {
    String name = "a".repeat(40_000);
    assertThatThrownBy(() -> BrokerSettings.from(Map.of(variable, name)))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith(variable + "='aaa")
        .hasMessageContaining("a…' (40000 characters) is not allowed; it takes ")
        .hasMessageMatching(".*(at most 255|3 to 63)[^\n]*")
        .message()
        .hasSizeLessThan(500);
  }

  @Test
  void aNameMayBeAsLongAsItSays() {
    Map<String, String> longest =
        Map.of("BROKER_RACK", "r".repeat(255), "ADVERTISED_HOST", "h".repeat(255));
    BrokerSettings settings = BrokerSettings.from(longest);
    assertThat(settings.rack()).hasValue("r".repeat(255));
    assertThat(settings.advertisedHost()).isEqualTo("h".repeat(255));
    assertThatThrownBy(() -> BrokerSettings.from(Map.of("BROKER_RACK", "r".repeat(256))))
        .hasMessageContaining("(256 characters)");
    String address = "h".repeat(256) + ":9093";
    assertThatThrownBy(() -> BrokerSettings.from(Map.of("RAFT_LISTEN_ADDR", address)))
        .hasMessageContaining("the host at most 255 characters");
  }

  @Test
  void aRackMayHaveSpacesAndABucketAnOldName() {
    BrokerSettings settings =
        BrokerSettings.from(Map.of("BROKER_RACK", "hall 3", "S3_BUCKET", "My_old.Bucket-1"));
    assertThat(settings.rack()).hasValue("hall 3");
    assertThat(settings.s3Bucket()).hasValue("My_old.Bucket-1");
  }

  @Test
  void aValueOfSeveralLinesIsToldInOne() {
    assertThatThrownBy(() -> BrokerSettings.from(Map.of("CLUSTER_ID", "a\nb\u2028c")))
        .hasMessageStartingWith("CLUSTER_ID='a?b?c' is not allowed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      value = {
        "0=a:1,0=b:2; broker 0 is there twice, at a:1 and at b:2",
        "0=a:1,1=b:2,2=A:1; brokers 0 and 2 have one address, A:1",
        "0=a:1,b:2; 'b:2' is no id=host:port",
        "0=a:1,1=b:65536; '1=b:65536' is no id=host:port",
        "0=a b:1; '0=a b:1' is no id=host:port",
      })
  void ofVotersThatCannotBeAGroupItIsSaidWhy(String peers, String why) {
    assertThatThrownBy(() -> BrokerSettings.from(Map.of("RAFT_PEERS", peers)))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessage(
            "RAFT_PEERS='%s' is not allowed: %s; it takes a list like 0=host:port,1=host:port,"
                + " or nothing",
            peers, why);
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
    assertThat(settings.memoryBudget()).hasValue(new ByteSize(512L << 20, "512m"));
    assertThat(settings.raftPeers())
        .containsEntry(0, new HostAndPort("a", 1))
        .containsEntry(1, new HostAndPort("b", 2));
  }
}
