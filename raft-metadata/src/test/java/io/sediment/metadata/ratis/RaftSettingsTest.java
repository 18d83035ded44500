package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.retry.RetryPolicy;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.TimeDuration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RaftSettingsTest {
  private static RaftProperties ofAVoterAmongOthers(long leaseMs) {
    return RaftSettings.of(
        MetadataConfig.ofOneBroker(1, new HostPort("127.0.0.1", 1), Path.of("raft"))
            .withLease(Duration.ofMillis(leaseMs)),
        Path.of("raft/log"),
        false);
  }

  /** Else one that comes back stands for election in vain, and a new leader loses its majority. */
  @ParameterizedTest
  @ValueSource(longs = {100, 1000, 30_000})
  void aMemberThatWasAwayHearsTheLeaderBeforeItsPatienceEnds(long leaseMs) {
    RaftProperties properties = ofAVoterAmongOthers(leaseMs);
    RetryPolicy retries =
        RetryPolicy.parse(
            RaftServerConfigKeys.Log.Appender.retryPolicy(properties),
            RaftServerConfigKeys.Log.Appender.RETRY_POLICY_KEY);
    TimeDuration patience = RaftServerConfigKeys.Rpc.timeoutMin(properties, text -> {});
    for (int failures = 1; failures > 0; failures *= 2) {
      int inARow = failures;
      RetryPolicy.Action next = retries.handleAttemptFailure(() -> inARow);
      assertThat(next.getSleepTime())
          .as("after %s failures", inARow)
          .isGreaterThan(TimeDuration.ZERO)
          .isLessThan(patience);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 1000, 30_000})
  void aLeaderThatSteppedDownStandsAgainBeforeTheLeasesEndThatItGranted(long leaseMs) {
    assertThat(
            RaftServerConfigKeys.LeaderElection.leaderStepDownWaitTime(ofAVoterAmongOthers(leaseMs))
                .toLong(TimeUnit.MILLISECONDS))
        .isLessThan(leaseMs);
  }
}
