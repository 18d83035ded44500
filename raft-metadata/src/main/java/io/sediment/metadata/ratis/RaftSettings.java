package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * How Ratis runs here: a log of small, rare entries in little memory, and a first election that
 * keeps nobody waiting.
 */
final class RaftSettings {
  /** One entry of the log; a command must fit. */
  static final int ENTRY_BYTES_MAX = 2 << 20;

  /** One message between members. */
  static final int MESSAGE_BYTES_MAX = 2 * ENTRY_BYTES_MAX + (1 << 20);

  private static final int CHECKPOINT_EVERY_ENTRIES = 4096;

  /** Whatever the lease: nothing ends such a pause before its time. */
  private static final long RETRY_PAUSE_MS_MAX = 1_000;

  private RaftSettings() {}

  static RaftProperties of(MetadataConfig config, Path logFolder, boolean alone) {
    RaftProperties properties = new RaftProperties();
    RaftServerConfigKeys.setStorageDir(properties, List.of(logFolder.toFile()));
    RaftServerConfigKeys.setRemovedGroupsDir(
        properties, logFolder.resolve("removed-groups").toFile());

    GrpcConfigKeys.Server.setHost(properties, config.raftListen().host());
    GrpcConfigKeys.Server.setPort(properties, config.raftListen().port());
    GrpcConfigKeys.setMessageSizeMax(properties, SizeInBytes.valueOf(MESSAGE_BYTES_MAX));

    SizeInBytes entryMax = SizeInBytes.valueOf(ENTRY_BYTES_MAX);
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, entryMax);
    RaftServerConfigKeys.Log.setWriteBufferSize(
        properties, SizeInBytes.valueOf(ENTRY_BYTES_MAX + 4096));
    RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf("8MB"));
    RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf("64KB"));
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf("8MB"));
    RaftServerConfigKeys.Log.setQueueByteLimit(properties, 8 << 20);
    RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf("8MB"));

    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
    RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, CHECKPOINT_EVERY_ENTRIES);
    RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
    RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(
        properties, SizeInBytes.valueOf("1MB"));

    GrpcConfigKeys.Server.setAsyncRequestThreadPoolSize(properties, 2);
    RaftServerConfigKeys.ThreadPool.setClientSize(properties, 2);
    RaftServerConfigKeys.ThreadPool.setProxyCached(properties, true);

    // Nobody else can win, so there is nothing to wait for.
    long firstElectionMs = alone ? 10 : 150;
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, millis(firstElectionMs));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, millis(firstElectionMs * 3));
    // A new leader is there before the leases end that the old one has granted. A leader wakes
    // twice in the shortest of these timeouts; one that nobody can follow as leader need not.
    long leaseMs = config.lease().toMillis();
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(alone ? leaseMs / 2 : leaseMs / 5));
    RaftServerConfigKeys.Rpc.setTimeoutMax(
        properties, millis(alone ? leaseMs * 3 / 4 : leaseMs / 3));
    if (!alone) {
      RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(
          properties, standsAgain(config));
    }
    RaftServerConfigKeys.Log.Appender.setRetryPolicy(properties, retries(leaseMs));
    // Heartbeats are such reads: a leader grants a lease only while a majority follows it.
    RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
    RaftServerConfigKeys.Read.setTimeout(properties, millis(leaseMs * 2 / 3));
    RaftClientConfigKeys.Rpc.setRequestTimeout(
        properties, millis(requestTimeout(config).toMillis()));
    RaftServerConfigKeys.setSleepDeviationThreshold(properties, millis(2000));
    return properties;
  }

  /** After which a leader that was asked counts as hung; who leads instead is asked next. */
  static Duration requestTimeout(MetadataConfig config) {
    return config.lease().multipliedBy(2).dividedBy(3);
  }

  /**
   * How long a leader that stepped down because it heard no majority leaves it to the others. It
   * may be the only one who can win: what it appended and nobody has makes it vote down all others.
   * Also the pause of this process after which a leader steps down by itself.
   */
  private static TimeDuration standsAgain(MetadataConfig config) {
    return TimeDuration.min(
        millis(requestTimeout(config).toMillis()),
        RaftServerConfigKeys.LeaderElection.LEADER_STEP_DOWN_WAIT_TIME_DEFAULT);
  }

  /**
   * How long a leader waits after each failure in a row to reach a member: as long as between
   * heartbeats, but no longer than {@link #RETRY_PAUSE_MS_MAX}. If it waited longer, a member that
   * comes back would stand for election meanwhile, in vain, and a leader elected while the other
   * one starts would lose its majority for not asking.
   */
  private static String retries(long leaseMs) {
    long pauseMs = Math.min(RETRY_PAUSE_MS_MAX, Math.max(1, leaseMs / 10));
    return "1ms,10," + pauseMs + "ms," + Integer.MAX_VALUE;
  }

  private static TimeDuration millis(long count) {
    return TimeDuration.valueOf(count, TimeUnit.MILLISECONDS);
  }
}
