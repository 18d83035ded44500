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
 * @param raftAdvertised host:port under which the voters reach this broker where it is none of them
 * @param raftPeers host:port of every voter by broker id; empty: a group of one, this broker. One
 *     that is not among them follows the log without a vote
 * @param raftPath folder of the Raft log and of the state kept beside it
 * @param recoverFromBucket whether an empty Raft folder may begin a new incarnation of a used
 *     bucket
 * @param startTimeout how long to wait for the other voters, or for the store, before giving up
 * @param submitTimeout how long a command may take before its outcome is called unknown
 * @param lease how long the Raft leader believes in a broker that it has heard
 */
public record MetadataConfig(
    int brokerId,
    Optional<String> clusterId,
    HostPort raftListen,
    HostPort raftAdvertised,
    Map<Integer, HostPort> raftPeers,
    Path raftPath,
    boolean recoverFromBucket,
    Duration startTimeout,
    Duration submitTimeout,
    Duration lease) {
  public static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(60);
  public static final Duration DEFAULT_SUBMIT_TIMEOUT = Duration.ofSeconds(30);
  public static final Duration DEFAULT_LEASE = Duration.ofSeconds(1);

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
    if (lease.isNegative() || lease.isZero()) {
      throw new IllegalArgumentException("lease: " + lease);
    }
  }

  /** A single broker with default timeouts. */
  public static MetadataConfig ofOneBroker(int brokerId, HostPort raftListen, Path raftPath) {
    return new MetadataConfig(
        brokerId,
        Optional.empty(),
        raftListen,
        raftListen,
        Map.of(),
        raftPath,
        false,
        DEFAULT_START_TIMEOUT,
        DEFAULT_SUBMIT_TIMEOUT,
        DEFAULT_LEASE);
  }

  public MetadataConfig withClusterId(String id) {
    return new MetadataConfig(
        brokerId,
        Optional.of(id),
        raftListen,
        raftAdvertised,
        raftPeers,
        raftPath,
        recoverFromBucket,
        startTimeout,
        submitTimeout,
        lease);
  }

  public MetadataConfig withPeers(Map<Integer, HostPort> peers) {
    return new MetadataConfig(
        brokerId,
        clusterId,
        raftListen,
        raftAdvertised,
        peers,
        raftPath,
        recoverFromBucket,
        startTimeout,
        submitTimeout,
        lease);
  }

  public MetadataConfig withLease(Duration next) {
    return new MetadataConfig(
        brokerId,
        clusterId,
        raftListen,
        raftAdvertised,
        raftPeers,
        raftPath,
        recoverFromBucket,
        startTimeout,
        submitTimeout,
        next);
  }

  public MetadataConfig withRecovery() {
    return new MetadataConfig(
        brokerId,
        clusterId,
        raftListen,
        raftAdvertised,
        raftPeers,
        raftPath,
        true,
        startTimeout,
        submitTimeout,
        lease);
  }
}
