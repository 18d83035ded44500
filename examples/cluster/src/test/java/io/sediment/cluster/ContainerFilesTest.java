package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.deploy.YamlNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The Dockerfile and the compose file fit the broker, read without Docker. */
class ContainerFilesTest {
  private static final Path ROOT = Path.of("../..");
  private static final int BROKERS = 3;

  private static List<String> dockerfile() throws IOException {
    return Files.readAllLines(ROOT.resolve("Dockerfile"));
  }

  private static YamlNode service(String name) throws IOException {
    return YamlNode.read(ROOT.resolve("compose.yaml")).get(0).at("services", name);
  }

  private static Map<String, String> environment(int broker) throws IOException {
    return service("broker-" + broker).at("environment").texts();
  }

  @Test
  void theImageRunsWithoutRootOnPinnedBases() throws IOException {
    List<String> bases = dockerfile().stream().filter(line -> line.startsWith("FROM ")).toList();
    assertThat(bases)
        .hasSize(2)
        .allMatch(
            Pattern.compile("FROM eclipse-temurin:17\\.\\d+\\.\\d+_\\d+-\\S+.*").asPredicate());
    String text = String.join("\n", dockerfile());
    assertThat(text)
        .containsPattern("(?m)^USER [1-9]\\d*:[1-9]\\d*$")
        .contains("\nEXPOSE 9092 9093 8080\n")
        .contains(HttpEndpoint.READY_PATH)
        .contains("/build/examples/cluster/target/sediment.jar");
    assertThat(ROOT.resolve("scripts/lib/jvm-options")).exists();
  }

  /** The archive fits one JVM and one path of the jar, and the JVM is silent where it does not. */
  @Test
  void theClassArchiveIsMadeByTheJvmThatUsesIt() throws IOException {
    String text = String.join("\n", dockerfile());
    String last = text.substring(text.lastIndexOf("\nFROM "));
    String script = "scripts/archive-classes.sh";
    String jar = "/opt/sediment/sediment.jar";
    assertThat(last)
        .containsSubsequence(
            "target/sediment.jar /opt/sediment/\n",
            "\nRUN ",
            "from=build,source=/build/scripts,target=/tmp/scripts",
            "/tmp/" + script + " " + jar + "\n",
            "\nUSER ",
            "\nENTRYPOINT ",
            "-XX:SharedArchiveFile=" + jar.replace(".jar", ".jsa") + " ",
            "-jar " + jar + " ");
    assertThat(ROOT.resolve(script)).isExecutable();
  }

  @Test
  void threeBrokersUnderstandTheirEnvironments() throws IOException {
    Set<String> known =
        BrokerSettings.ALL.stream()
            .map(Setting::name)
            .collect(Collectors.toCollection(HashSet::new));
    known.addAll(Set.of("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"));
    for (int i = 0; i < BROKERS; i++) {
      assertThat(known).containsAll(environment(i).keySet());
      BrokerSettings settings = BrokerSettings.from(environment(i));
      settings.requirePortsApart();
      assertThat(settings.brokerId()).isEqualTo(i);
      assertThat(settings.raftPeers()).hasSize(BROKERS);
      assertThat(settings.raftPeers().get(i))
          .isEqualTo(
              new ValueTypes.HostAndPort("broker-" + i, settings.raftListenAddress().port()));
      assertThat(service("broker-" + i).at("ports").items().stream().map(YamlNode::text))
          .contains("127.0.0.1:" + settings.advertisedPort() + ":" + settings.port());
    }
  }

  @Test
  void brokersWaitForTheBucketAndHaveTimeToHandOver() throws IOException {
    for (int i = 0; i < BROKERS; i++) {
      YamlNode broker = service("broker-" + i);
      assertThat(broker.at("depends_on", "bucket", "condition").text())
          .isEqualTo("service_completed_successfully");
      String grace = broker.at("stop_grace_period").text();
      assertThat(Integer.parseInt(grace.replace("s", "")))
          .isGreaterThanOrEqualTo(
              (int) StopTime.of(BrokerSettings.from(environment(i)).brokerLease()).toSeconds());
    }
    assertThat(service("bucket").at("command").text())
        .endsWith("/" + environment(0).get("S3_BUCKET"));
    for (String store : List.of("minio", "bucket")) {
      assertThat(service(store).at("image").text()).matches("minio/\\w+:RELEASE\\.\\S+");
    }
  }
}
