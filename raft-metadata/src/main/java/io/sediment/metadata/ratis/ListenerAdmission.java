package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataUnavailableException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.util.TimeDuration;

/** Has the voters send their log to a broker without a vote; harmless where they do already. */
final class ListenerAdmission {
  private static final int ATTEMPTS = 100;
  private static final long PAUSE_MS = 100;

  private ListenerAdmission() {}

  /**
   * Blocks.
   *
   * @param voters as far as is known
   * @throws MetadataUnavailableException where they do not answer, or do not take it in
   */
  static void admit(
      RaftPeer listener, MetadataConfig config, RaftGroup voters, RaftProperties properties) {
    RaftClientReply reply;
    try (RaftClient client =
        RaftClient.newBuilder()
            .setProperties(properties)
            .setRaftGroup(voters)
            .setRetryPolicy(
                RetryPolicies.retryUpToMaximumCountWithFixedSleep(
                    ATTEMPTS, TimeDuration.valueOf(PAUSE_MS, TimeUnit.MILLISECONDS)))
            .build()) {
      reply =
          client
              .admin()
              .setConfiguration(
                  SetConfigurationRequest.Arguments.newBuilder()
                      .setServersInNewConf(List.of())
                      .setListenersInNewConf(List.of(listener))
                      .setMode(SetConfigurationRequest.Mode.ADD)
                      .build());
    } catch (IOException e) {
      throw new MetadataUnavailableException(
          "metadata: the voters " + config.raftPeers() + " do not answer", e);
    }
    if (!reply.isSuccess()) {
      throw new MetadataUnavailableException(
          "metadata: the voters do not take this broker in: " + reply.getException(),
          reply.getException());
    }
  }
}
