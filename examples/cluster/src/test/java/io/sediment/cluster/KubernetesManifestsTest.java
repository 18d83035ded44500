package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.deploy.Kustomization;
import io.sediment.cluster.deploy.YamlNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code deploy/kubernetes} fits together and fits the broker, read without a cluster. */
class KubernetesManifestsTest {
  private static final Path FOLDER = Path.of("../../deploy/kubernetes");
  private static final String ZONE = "eu-central-1a";

  private Kustomization all;
  private YamlNode brokers;

  @BeforeEach
  void read() throws IOException {
    all = Kustomization.of(FOLDER);
    brokers = all.object("StatefulSet", "sediment");
  }

  private YamlNode broker() {
    return brokers.at("spec", "template", "spec", "containers").named("broker");
  }

  private BrokerSettings settings(int ordinal) {
    return BrokerSettings.from(environment(ordinal, ZONE));
  }

  /**
   * What a broker's container is told in {@code zone}, which is empty where its pod has no such
   * label.
   */
  private Map<String, String> environment(int ordinal, String zone) {
    return all.environment(broker(), fields(ordinal, zone));
  }

  private Map<String, String> fields(int ordinal, String zone) {
    return Map.of(
        "metadata.name",
        "sediment-" + ordinal,
        "metadata.namespace",
        all.namespace(),
        "metadata.labels['apps.kubernetes.io/pod-index']",
        Integer.toString(ordinal),
        "metadata.labels['topology.kubernetes.io/zone']",
        zone);
  }

  private List<YamlNode> podTemplates() {
    return Stream.of("StatefulSet", "Job", "Pod")
        .flatMap(kind -> all.objects(kind).stream())
        .map(
            object ->
                object.at("kind").text().equals("Pod") ? object : object.at("spec", "template"))
        .toList();
  }

  @Test
  void everyManifestIsPartOfTheKustomizationAndNamesItsKind() throws IOException {
    Set<Path> there;
    try (Stream<Path> files = Files.walk(FOLDER)) {
      there =
          files
              .filter(Files::isRegularFile)
              .map(Path::normalize)
              .collect(Collectors.toCollection(TreeSet::new));
    }
    assertThat(all.files().stream().map(Path::normalize))
        .containsExactlyInAnyOrderElementsOf(there);
    Set<String> names = new HashSet<>();
    for (YamlNode object : all.objects()) {
      assertThat(object.at("apiVersion").text()).isNotEmpty();
      assertThat(names.add(object.at("kind").text() + "/" + object.at("metadata", "name").text()))
          .as("twice: " + object)
          .isTrue();
    }
    assertThat(names)
        .contains(
            "Namespace/" + all.namespace(),
            "StatefulSet/sediment",
            "Service/sediment",
            "Service/sediment-brokers",
            "PodDisruptionBudget/sediment",
            "Pod/kcat");
  }

  @Test
  void selectorsFindTheirPodsAndPortsTheirNames() {
    for (YamlNode set : all.objects("StatefulSet")) {
      assertThat(labels(set.at("spec", "template")))
          .containsAllEntriesOf(set.at("spec", "selector", "matchLabels").texts());
      String service = set.at("spec", "serviceName").text();
      assertThat(selected(all.object("Service", service))).isEqualTo(set.at("spec", "template"));
    }
    for (YamlNode service : all.objects("Service")) {
      Set<String> portNames = new HashSet<>();
      for (YamlNode container : selected(service).at("spec", "containers").items()) {
        container.at("ports").items().forEach(port -> portNames.add(port.at("name").text()));
      }
      for (YamlNode port : service.at("spec", "ports").items()) {
        assertThat(portNames).contains(port.at("targetPort").text());
      }
    }
    YamlNode budget = all.object("PodDisruptionBudget", "sediment");
    assertThat(labels(brokers.at("spec", "template")))
        .containsAllEntriesOf(budget.at("spec", "selector", "matchLabels").texts());
    assertThat(budget.at("spec", "maxUnavailable").number()).isEqualTo(1);
  }

  private static Map<String, String> labels(YamlNode pod) {
    return pod.at("metadata", "labels").texts();
  }

  /** The one pod template that a service's selector finds. */
  private YamlNode selected(YamlNode service) {
    Map<String, String> selector = service.at("spec", "selector").texts();
    List<YamlNode> found =
        podTemplates().stream()
            .filter(pod -> labels(pod).entrySet().containsAll(selector.entrySet()))
            .toList();
    assertThat(found).as(service.at("metadata", "name").text()).hasSize(1);
    return found.get(0);
  }

  @Test
  void eachBrokerUnderstandsItsEnvironment() {
    Set<String> known =
        BrokerSettings.ALL.stream()
            .map(Setting::name)
            .collect(Collectors.toCollection(HashSet::new));
    known.addAll(
        Set.of(
            "JAVA_OPTS",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "POD_NAME",
            "POD_NAMESPACE"));
    assertThat(known).containsAll(environment(0, ZONE).keySet());

    String service = brokers.at("spec", "serviceName").text();
    int replicas = brokers.at("spec", "replicas").number();
    assertThat(settings(0).raftPeers()).hasSize(replicas);
    for (int i = 0; i < replicas; i++) {
      BrokerSettings settings = settings(i);
      assertThat(settings.brokerId()).isEqualTo(i);
      assertThat(settings.storeType()).isEqualTo(BrokerSettings.StoreType.S3);
      assertThat(settings.advertisedHost())
          .isEqualTo("sediment-" + i + "." + service + "." + all.namespace() + ".svc");
      assertThat(settings.raftPeers().get(i))
          .isEqualTo(new ValueTypes.HostAndPort("sediment-" + i + "." + service, port("raft")));
      assertThat(settings.raftListenAddress())
          .isEqualTo(new ValueTypes.HostAndPort("0.0.0.0", port("raft")));
      assertThat(settings.port()).isEqualTo(port("kafka"));
      assertThat(settings.advertisedPort()).isEqualTo(servicePort("sediment-brokers", "kafka"));
      assertThat(settings.httpPort()).isEqualTo(port("http"));
      settings.requirePortsApart();
    }
    assertThat(servicePort("sediment-brokers", "raft")).isEqualTo(port("raft"));
  }

  private int port(String name) {
    return broker().at("ports").named(name).at("containerPort").number();
  }

  private int servicePort(String service, String name) {
    return all.object("Service", service).at("spec", "ports").named(name).at("port").number();
  }

  @Test
  void aBrokersRackIsItsZoneWhereKubernetesSaysIt() {
    assertThat(settings(0).rack()).contains(ZONE);
    assertThat(BrokerSettings.from(environment(0, "")).rack()).isEmpty();
    assertThat(brokers.at("spec", "template", "spec", "topologySpreadConstraints").items())
        .extracting(spread -> spread.at("topologyKey").text())
        .contains("topology.kubernetes.io/zone");
  }

  @Test
  void probesAskTheHealthPort() {
    assertThat(broker().at("livenessProbe", "httpGet").texts())
        .isEqualTo(Map.of("path", HttpEndpoint.LIVE_PATH, "port", "http"));
    assertThat(broker().at("readinessProbe", "httpGet").texts())
        .isEqualTo(Map.of("path", HttpEndpoint.READY_PATH, "port", "http"));
    // A broker is ready only with the others, which must find it by its name until then.
    assertThat(brokers.at("spec", "podManagementPolicy").text()).isEqualTo("Parallel");
    assertThat(
            all.object("Service", "sediment-brokers").at("spec", "publishNotReadyAddresses").text())
        .isEqualTo("true");
  }

  /** What benchmarks of rolling restarts call a broker that was started "half a minute ago". */
  @Test
  void aBrokerWarmsUpBeforeTheNextOneStops() {
    assertThat(brokers.at("spec", "minReadySeconds").number()).isGreaterThanOrEqualTo(30);
  }

  @Test
  void aStopHasTheTimeThatItTakes() {
    YamlNode grace = brokers.at("spec", "template", "spec", "terminationGracePeriodSeconds");
    assertThat(grace.number())
        .isGreaterThanOrEqualTo((int) StopTime.of(settings(0).brokerLease()).toSeconds());
  }

  @Test
  void theMemoryLimitHoldsHeapDirectMemoryAndTheRest() {
    String options = environment(0, ZONE).get("JAVA_OPTS");
    String limit = broker().at("resources", "limits", "memory").text();
    assertThat(Integer.parseInt(limit.replace("Mi", "")))
        .isGreaterThanOrEqualTo(
            megabytes(options, "-Xmx") + megabytes(options, "-XX:MaxDirectMemorySize=") + 256);
  }

  private static int megabytes(String options, String name) {
    String behind = options.substring(options.indexOf(name) + name.length());
    return Integer.parseInt(behind.substring(0, behind.indexOf('m')));
  }

  @Test
  void podsRunPinnedImagesWithoutPrivileges() {
    for (YamlNode pod : podTemplates()) {
      assertThat(pod.at("spec", "securityContext", "runAsNonRoot").text()).isEqualTo("true");
      // Names of services would come as variables, which programs take for settings.
      assertThat(pod.at("spec", "enableServiceLinks").text()).isEqualTo("false");
      for (YamlNode container : pod.at("spec", "containers").items()) {
        assertThat(container.at("image").text()).matches("[a-z/]+:.*\\d.*");
        assertThat(container.at("securityContext", "allowPrivilegeEscalation").text())
            .isEqualTo("false");
        assertThat(all.environment(container, fields(0, ZONE))).isNotNull();
        for (YamlNode mount : container.at("volumeMounts").items()) {
          assertThat(mount.at("mountPath").text()).startsWith("/");
        }
      }
    }
  }
}
