package io.sediment.metadata;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the operator says about metadata.
 *
 * @param clusterId empty: whatever the bucket says, or a new one where the bucket is empty
 * @param raftListen host:port on which this broker hears the others; port 0 is for a group of one
 * @param raftPeers host:port of every voter by broker id, this one included; empty: a group of one
 * @param raftPath folder of the Raft log and of the state kept beside it
 * @param recoverFromBucket whether an empty Raft folder may begin a new incarnation of a used
 *     bucket
 * @param startTimeout how long to wait for the other voters, or for the store, before giving up
 * @param submitTimeout how long a command may take before its outcome is called unknown
 */
public record MetadataConfig(
    int brokerId,
    Optional<String> clusterId,
    HostPort raftListen,
    Map<Integer, HostPort> raftPeers,
    Path raftPath,
    boolean recoverFromBucket,
    Duration startTimeout,
    Duration submitTimeout) {
  public static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(60);
  public static final Duration DEFAULT_SUBMIT_TIMEOUT = Duration.ofSeconds(30);

  /** A host name or address, and a port. */
  public record HostPort(String host, int port) {
    public HostPort {
      if (host.isEmpty() || port < 0 || port > 65535) {
        throw new IllegalArgumentException("address: host=" + host + " port=" + port);
      }
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  public MetadataConfig {
    raftPeers = Map.copyOf(new TreeMap<>(raftPeers));
    if (brokerId < 0) {
      throw new IllegalArgumentException("broker id: " + brokerId);
    }
    if (!raftPeers.isEmpty() && !raftPeers.containsKey(brokerId)) {
      throw new IllegalArgumentException(
          "broker " + brokerId + " is not among the Raft peers " + raftPeers.keySet());
    }
  }

  /** A single broker with default timeouts. */
  public static MetadataConfig ofOneBroker(int brokerId, HostPort raftListen, Path raftPath) {
    return new MetadataConfig(
        brokerId,
        Optional.empty(),
        raftListen,
        Map.of(),
        raftPath,
        false,
        DEFAULT_START_TIMEOUT,
        DEFAULT_SUBMIT_TIMEOUT);
  }

  public MetadataConfig withClusterId(String id) {
    return new MetadataConfig(
        brokerId,
        Optional.of(id),
        raftListen,
        raftPeers,
        raftPath,
        recoverFromBucket,
        startTimeout,
        submitTimeout);
  }

  public MetadataConfig withPeers(Map<Integer, HostPort> peers) {
    return new MetadataConfig(
        brokerId,
        clusterId,
        raftListen,
        peers,
        raftPath,
        recoverFromBucket,
        startTimeout,
        submitTimeout);
  }

  public MetadataConfig withRecovery() {
    return new MetadataConfig(
        brokerId, clusterId, raftListen, raftPeers, raftPath, true, startTimeout, submitTimeout);
  }
}
