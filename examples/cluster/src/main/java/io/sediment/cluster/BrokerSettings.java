package io.sediment.cluster;

import io.sediment.cluster.ValueTypes.ByteSize;
import io.sediment.cluster.ValueTypes.HostAndPort;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Everything a broker is told at its start, read from environment variables and checked as a whole.
 */
record BrokerSettings(
    int brokerId,
    Optional<String> rack,
    String host,
    int port,
    Optional<String> clusterId,
    String advertisedHost,
    int advertisedPort,
    StoreType storeType,
    String dataPathText,
    Optional<String> s3Bucket,
    Optional<URI> s3Endpoint,
    String awsRegion,
    S3ChecksumMode s3ChecksumMode,
    boolean s3ChunkedEncoding,
    HostAndPort raftListenAddress,
    SortedMap<Integer, HostAndPort> raftPeers,
    Path raftPath,
    Duration brokerLease,
    Optional<Duration> balanceInterval,
    int httpPort,
    Profile walProfile,
    boolean walHedging,
    Optional<ByteSize> memoryBudget,
    boolean autoCreateTopics,
    int numPartitions,
    boolean recoverFromBucket,
    Duration retentionCheckInterval,
    Optional<Long> retentionBudgetBytes,
    Optional<Duration> garbageInterval,
    Optional<Long> catchUpBytesPerSecond,
    Compaction compaction,
    long compactionBytesPerSecond,
    int compactionL0Objects,
    Duration compactionInterval,
    GroupsSettings groups) {

  /** Where the objects lie. */
  enum StoreType {
    LOCAL,
    S3,
    MEMORY
  }

  /** How long a WAL object may gather before its put starts; see the README on cost. */
  enum Profile {
    LATENCY,
    BALANCED,
    COST
  }

  /** Where lanes are compacted. */
  enum Compaction {
    IN_BROKER,
    ELSEWHERE
  }

  /** When the S3 client sends and checks checksums. */
  enum S3ChecksumMode {
    WHEN_SUPPORTED,
    WHEN_REQUIRED
  }

  private static final Setting<Integer> BROKER_ID =
      new Setting<>(
          "BROKER_ID",
          "0",
          ValueTypes.integer(0, Integer.MAX_VALUE, "a whole number"),
          "Id of this broker, unique in the cluster");
  private static final Setting<Optional<String>> BROKER_RACK =
      new Setting<>(
          "BROKER_RACK",
          "",
          ValueTypes.optional(ValueTypes.name("a name")),
          "Where this broker stands, such as a zone. Consumers that say the same as `client.rack` read"
              + " from a broker there, which costs no traffic between zones");
  private static final Setting<String> HOST =
      new Setting<>(
          "HOST",
          "0.0.0.0",
          ValueTypes.word("an address of this machine"),
          "Address that the Kafka port and the HTTP port listen on");
  private static final Setting<Integer> PORT =
      new Setting<>("PORT", "9092", ValueTypes.port(), "Kafka port");
  private static final Setting<Optional<String>> CLUSTER_ID =
      new Setting<>(
          "CLUSTER_ID",
          "",
          ValueTypes.optional(ValueTypes.word("the cluster's id")),
          "Refuse to start on a bucket of another cluster. Unset: the bucket's own id, made when it"
              + " was first used");
  private static final Setting<Optional<String>> ADVERTISED_HOST =
      new Setting<>(
          "ADVERTISED_HOST",
          "",
          ValueTypes.optional(ValueTypes.word("a host name that clients can reach")),
          "Host that clients are told. Unset: `HOST`; where that is a wildcard, `localhost` for a"
              + " single broker (with `RAFT_PEERS` it must be set)");
  private static final Setting<Optional<Integer>> ADVERTISED_PORT =
      new Setting<>(
          "ADVERTISED_PORT",
          "",
          ValueTypes.optional(ValueTypes.port()),
          "Port that clients are told. Unset: `PORT`");
  private static final Setting<StoreType> OBJECT_STORE_TYPE =
      new Setting<>(
          "OBJECT_STORE_TYPE",
          "local",
          ValueTypes.oneOf(StoreType.class),
          "Where the objects lie. `memory` forgets everything when the process ends");
  private static final Setting<String> DATA_PATH =
      new Setting<>(
          "DATA_PATH",
          "./data",
          ValueTypes.text("a folder or key prefix"),
          "`local`: the folder; `s3`: key prefix in the bucket");
  private static final Setting<Optional<String>> S3_BUCKET =
      new Setting<>(
          "S3_BUCKET", "", ValueTypes.optional(ValueTypes.bucket()), "`s3`: the bucket (required)");
  private static final Setting<Optional<URI>> S3_ENDPOINT =
      new Setting<>(
          "S3_ENDPOINT",
          "",
          ValueTypes.optional(ValueTypes.url()),
          "`s3`: a server other than AWS, spoken to in path style");
  private static final Setting<String> AWS_REGION =
      new Setting<>(
          "AWS_REGION",
          "us-east-1",
          ValueTypes.word("a region"),
          "`s3`: region. Credentials come from the AWS SDK's own chain (`AWS_ACCESS_KEY_ID` …)");
  private static final Setting<S3ChecksumMode> S3_CHECKSUM_MODE =
      new Setting<>(
          "S3_CHECKSUM_MODE",
          "when-supported",
          ValueTypes.oneOf(S3ChecksumMode.class),
          "`s3`: `when-required` for servers that refuse checksum headers (Ceph RGW)");
  private static final Setting<Boolean> S3_CHUNKED_ENCODING =
      new Setting<>(
          "S3_CHUNKED_ENCODING",
          "true",
          ValueTypes.bool(),
          "`s3`: `false` for servers that do not understand aws-chunked bodies (Ceph RGW)");
  private static final Setting<HostAndPort> RAFT_LISTEN_ADDR =
      new Setting<>(
          "RAFT_LISTEN_ADDR",
          "127.0.0.1:9093",
          ValueTypes.hostAndPort(),
          "Address of the metadata (Raft) port");
  private static final Setting<TreeMap<Integer, HostAndPort>> RAFT_PEERS =
      new Setting<>(
          "RAFT_PEERS",
          "",
          new PeersType(),
          "The voters of the metadata group by broker id, the same list at every broker; a broker"
              + " that is not on it joins without a vote. Unset: this broker alone");
  private static final Setting<String> RAFT_PATH =
      new Setting<>(
          "RAFT_PATH",
          "./raft",
          ValueTypes.text("a folder"),
          "Folder of the metadata log, on a local disk");
  private static final Setting<Integer> BROKER_LEASE_MS =
      new Setting<>(
          "BROKER_LEASE_MS",
          "1000",
          ValueTypes.integer(300, 600_000, "milliseconds"),
          "How long a broker may be silent before the others take its partitions over; the same at"
              + " every broker");
  private static final Setting<Integer> BALANCE_INTERVAL_MS =
      new Setting<>(
          "BALANCE_INTERVAL_MS",
          "10000",
          ValueTypes.integer(0, Integer.MAX_VALUE, "milliseconds"),
          "How often a broker that has more to do than the others hands partitions over to them; in"
              + " six times that, 5 % of the cluster's partitions move at most. 0: never");
  private static final Setting<Integer> HTTP_PORT =
      new Setting<>(
          "HTTP_PORT",
          "8080",
          ValueTypes.port(),
          "`/health/live`, `/health/ready`, `/metrics` (Prometheus text)");
  private static final Setting<Profile> WAL_PROFILE =
      new Setting<>(
          "WAL_PROFILE",
          "latency",
          ValueTypes.oneOf(Profile.class),
          "On `s3`: at least 40, 100 or 250 ms between two WAL objects. `local` and `memory` never"
              + " wait");
  private static final Setting<Boolean> WAL_HEDGING =
      new Setting<>(
          "WAL_HEDGING",
          "true",
          ValueTypes.bool(),
          "On `s3`: send a slow put of a WAL object a second time, at most 10 % of them");
  private static final Setting<Optional<ByteSize>> MEMORY_BUDGET =
      new Setting<>(
          "MEMORY_BUDGET",
          "",
          ValueTypes.optional(ValueTypes.size(64L << 20)),
          "Memory for requests, data in flight and caches. Unset: seven eighths of the JVM's direct"
              + " memory limit, which is the heap limit unless `-XX:MaxDirectMemorySize` is given");
  private static final Setting<Boolean> AUTO_CREATE_TOPICS =
      new Setting<>(
          "AUTO_CREATE_TOPICS",
          "true",
          ValueTypes.bool(),
          "Create a topic when a client that allows it asks for it");
  private static final Setting<Integer> NUM_PARTITIONS =
      new Setting<>(
          "NUM_PARTITIONS",
          "4",
          ValueTypes.integer(1, 100_000, "a whole number"),
          "Partitions of a topic that is created without a number");
  private static final Setting<Boolean> RECOVER_FROM_BUCKET =
      new Setting<>(
          "RECOVER_FROM_BUCKET",
          "false",
          ValueTypes.bool(),
          "With an empty `RAFT_PATH`: take over the cluster that the bucket holds, with all its"
              + " topics, configs and records");

  private static final Setting<Integer> RETENTION_CHECK_INTERVAL_MS =
      new Setting<>(
          "RETENTION_CHECK_INTERVAL_MS",
          "300000",
          ValueTypes.integer(100, Integer.MAX_VALUE, "milliseconds"),
          "How often log starts are raised by retention and space is given back");

  private static final Setting<Optional<Long>> RETENTION_BUDGET =
      new Setting<>(
          "RETENTION_BUDGET",
          "",
          ValueTypes.optional(ValueTypes.bytes(1L << 20)),
          "Bytes that the cluster's topics may take together, the same at every broker. A topic"
              + " gets what its config `retention.budget.percent` says. Unset: those have no"
              + " effect");

  private static final Setting<Optional<Integer>> GARBAGE_INTERVAL_MS =
      new Setting<>(
          "GARBAGE_INTERVAL_MS",
          "",
          ValueTypes.optional(ValueTypes.integer(100, Integer.MAX_VALUE, "milliseconds")),
          "How often objects that nothing needs any more are deleted. Unset: 30000 on `s3`, 10000"
              + " elsewhere");

  private static final Setting<Optional<Long>> CATCH_UP_RATE =
      new Setting<>(
          "CATCH_UP_RATE",
          "",
          ValueTypes.optional(ValueTypes.bytes(1L << 20)),
          "Bytes per second that consumers of old data, all together, read from the store at most;"
              + " who is beyond it waits for its turn and holds no memory meanwhile. Unset: no"
              + " limit");

  private static final Setting<Compaction> COMPACTION =
      new Setting<>(
          "COMPACTION",
          "in-broker",
          ValueTypes.oneOf(Compaction.class),
          "`elsewhere`: this broker leaves it to a process of its own, `java -jar sediment.jar"
              + " compactor`; without one, old data gets dearer to read and space comes back late");
  private static final Setting<Long> COMPACTION_RATE =
      new Setting<>(
          "COMPACTION_RATE",
          "64m",
          ValueTypes.bytes(1L << 20),
          "Bytes per second that compaction reads and writes at most");
  private static final Setting<Integer> COMPACTION_L0_OBJECTS =
      new Setting<>(
          "COMPACTION_L0_OBJECTS",
          "32",
          ValueTypes.integer(2, 10_000, "a whole number"),
          "Flushed objects that gather before they are clustered by partition");
  private static final Setting<Integer> COMPACTION_INTERVAL_MS =
      new Setting<>(
          "COMPACTION_INTERVAL_MS",
          "10000",
          ValueTypes.integer(10, Integer.MAX_VALUE, "milliseconds"),
          "How often the compactor looks whether there is something to do");

  /** All variables in the order of the README. */
  static final List<Setting<?>> ALL =
      Stream.concat(
              Stream.<Setting<?>>of(
                  BROKER_ID,
                  BROKER_RACK,
                  HOST,
                  PORT,
                  CLUSTER_ID,
                  ADVERTISED_HOST,
                  ADVERTISED_PORT,
                  OBJECT_STORE_TYPE,
                  DATA_PATH,
                  S3_BUCKET,
                  S3_ENDPOINT,
                  AWS_REGION,
                  S3_CHECKSUM_MODE,
                  S3_CHUNKED_ENCODING,
                  RAFT_LISTEN_ADDR,
                  RAFT_PEERS,
                  RAFT_PATH,
                  BROKER_LEASE_MS,
                  BALANCE_INTERVAL_MS,
                  HTTP_PORT,
                  WAL_PROFILE,
                  WAL_HEDGING,
                  MEMORY_BUDGET,
                  AUTO_CREATE_TOPICS,
                  NUM_PARTITIONS,
                  RECOVER_FROM_BUCKET,
                  RETENTION_CHECK_INTERVAL_MS,
                  RETENTION_BUDGET,
                  GARBAGE_INTERVAL_MS,
                  CATCH_UP_RATE,
                  COMPACTION,
                  COMPACTION_RATE,
                  COMPACTION_L0_OBJECTS,
                  COMPACTION_INTERVAL_MS),
              GroupsSettings.ALL.stream())
          .toList();

  /**
   * Reads and checks all settings.
   *
   * @throws InvalidSettingException naming the first variable that cannot be right
   */
  static BrokerSettings from(Map<String, String> environment) {
    String host = HOST.in(environment);
    int port = PORT.in(environment);
    StoreType storeType = OBJECT_STORE_TYPE.in(environment);
    Optional<String> bucket = S3_BUCKET.in(environment);
    if (storeType == StoreType.S3 && bucket.isEmpty()) {
      throw new InvalidSettingException(
          S3_BUCKET.name(), "", "a bucket name when OBJECT_STORE_TYPE=s3");
    }
    int brokerId = BROKER_ID.in(environment);
    SortedMap<Integer, HostAndPort> peers = RAFT_PEERS.in(environment);
    return new BrokerSettings(
        brokerId,
        BROKER_RACK.in(environment),
        host,
        port,
        CLUSTER_ID.in(environment),
        ADVERTISED_HOST.in(environment).orElseGet(() -> defaultAdvertisedHost(host, peers)),
        ADVERTISED_PORT.in(environment).orElse(port),
        storeType,
        DATA_PATH.in(environment),
        bucket,
        S3_ENDPOINT.in(environment),
        AWS_REGION.in(environment),
        S3_CHECKSUM_MODE.in(environment),
        S3_CHUNKED_ENCODING.in(environment),
        RAFT_LISTEN_ADDR.in(environment),
        peers,
        UsableFolder.named(RAFT_PATH.name(), RAFT_PATH.in(environment)),
        Duration.ofMillis(BROKER_LEASE_MS.in(environment)),
        Optional.of(BALANCE_INTERVAL_MS.in(environment))
            .filter(ms -> ms > 0)
            .map(Duration::ofMillis),
        HTTP_PORT.in(environment),
        WAL_PROFILE.in(environment),
        WAL_HEDGING.in(environment),
        MEMORY_BUDGET.in(environment),
        AUTO_CREATE_TOPICS.in(environment),
        NUM_PARTITIONS.in(environment),
        RECOVER_FROM_BUCKET.in(environment),
        Duration.ofMillis(RETENTION_CHECK_INTERVAL_MS.in(environment)),
        RETENTION_BUDGET.in(environment),
        GARBAGE_INTERVAL_MS.in(environment).map(Duration::ofMillis),
        CATCH_UP_RATE.in(environment),
        COMPACTION.in(environment),
        COMPACTION_RATE.in(environment),
        COMPACTION_L0_OBJECTS.in(environment),
        Duration.ofMillis(COMPACTION_INTERVAL_MS.in(environment)),
        GroupsSettings.from(environment));
  }

  /**
   * Checks that the three ports of a broker can be listened on beside each other.
   *
   * @throws InvalidSettingException naming one that cannot
   */
  void requirePortsApart() {
    if (httpPort == port) {
      throw new InvalidSettingException(
          HTTP_PORT.name(), Integer.toString(httpPort), "another port than PORT");
    }
    HostAndPort raft = raftListenAddress;
    boolean together = raft.host().equals(host) || isWildcard(raft.host()) || isWildcard(host);
    if (together && (raft.port() == port || raft.port() == httpPort)) {
      throw new InvalidSettingException(
          RAFT_LISTEN_ADDR.name(), raft.toString(), "another port than PORT and HTTP_PORT");
    }
  }

  /**
   * Checks that the folder of the local store can be made where it is not.
   *
   * @throws InvalidSettingException if not
   */
  void requireDataFolder() {
    if (storeType == StoreType.LOCAL) {
      UsableFolder.require(DATA_PATH.name(), dataPath());
    }
  }

  /** Likewise for the folder of the metadata log, which is no part of the local store. */
  void requireRaftFolder() throws IOException {
    UsableFolder.require(RAFT_PATH.name(), raftPath);
    if (storeType == StoreType.LOCAL) {
      UsableFolder.requireApart(RAFT_PATH.name(), raftPath, DATA_PATH.name(), dataPath());
    }
  }

  /** Where the voters reach this broker, if it is none of them. */
  HostAndPort raftAdvertisedAddress() {
    return isWildcard(raftListenAddress.host())
        ? new HostAndPort(advertisedHost, raftListenAddress.port())
        : raftListenAddress;
  }

  /** {@code local}: the folder of the store. */
  Path dataPath() {
    return UsableFolder.named(DATA_PATH.name(), dataPathText);
  }

  /** {@code s3}: the key prefix; a leading {@code ./} or slash does not count. */
  String keyPrefix() {
    return dataPathText.replaceFirst("^\\.?/+", "");
  }

  /** The configs of topics, with this broker's defaults. */
  TopicConfigs topicConfigs() {
    BrokerConfigs brokerConfigs = new BrokerConfigs(asKafkaConfigs());
    return (image, topic) ->
        new ConfigView(image, brokerId, brokerConfigs).effectiveTopic(topic.configs());
  }

  /** What DescribeConfigs tells of this broker, under Kafka's names. */
  Map<String, String> asKafkaConfigs() {
    Map<String, String> configs = new TreeMap<>(groups.asKafkaConfigs());
    retentionBudgetBytes.ifPresent(
        bytes -> configs.put("log.retention.budget.bytes", Long.toString(bytes)));
    rack.ifPresent(name -> configs.put("broker.rack", name));
    configs.put("offsets.topic.num.partitions", Integer.toString(groups.offsetsTopicPartitions()));
    configs.putAll(
        Map.of(
            "node.id",
            Integer.toString(brokerId),
            "broker.id",
            Integer.toString(brokerId),
            "listeners",
            "PLAINTEXT://" + host + ":" + port,
            "advertised.listeners",
            "PLAINTEXT://" + advertisedHost + ":" + advertisedPort,
            "num.partitions",
            Integer.toString(numPartitions),
            "auto.create.topics.enable",
            Boolean.toString(autoCreateTopics),
            "default.replication.factor",
            "1",
            "log.dirs",
            dataPathText));
    return configs;
  }

  private static String defaultAdvertisedHost(String host, Map<Integer, HostAndPort> peers) {
    if (!isWildcard(host)) {
      return host;
    }
    if (!peers.isEmpty()) {
      throw new InvalidSettingException(
          ADVERTISED_HOST.name(),
          "",
          "a host name that clients can reach, since HOST=" + host + " and RAFT_PEERS is set");
    }
    return "localhost";
  }

  private static boolean isWildcard(String host) {
    return host.equals("0.0.0.0") || host.equals("::") || host.equals("[::]");
  }
}
