package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.RefusedStartException.Reason;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.util.ProtoUtils;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker that has lost the Raft folder it voted with gets its vote back, by two changes of the
 * group, each committed by a majority of its members: the lost folder leaves, then the new one
 * comes. Its server starts in between: at the address of a member that is gone its answers would
 * count as the member's. Ratis brings a new member up to date before it votes. Blocks its caller,
 * the thread that starts the broker.
 */
final class VoterReplacement {
  private static final Logger LOG = LoggerFactory.getLogger(VoterReplacement.class);
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final int ATTEMPTS_TO_FIND_THE_LEADER = 10;
  private static final long ATTEMPT_PAUSE_MS = 100;

  private final MetadataConfig config;
  private final RaftGroup others;
  private final RaftProperties properties;
  private final Scheduler scheduler;
  private final Ticker ticker;

  /**
   * @param others the other voters, as far as is known
   */
  VoterReplacement(
      MetadataConfig config,
      RaftGroup others,
      RaftProperties properties,
      Scheduler scheduler,
      Ticker ticker) {
    this.config = config;
    this.others = others;
    this.properties = properties;
    this.scheduler = scheduler;
    this.ticker = ticker;
  }

  /**
   * Takes whatever voted for this broker out of the group.
   *
   * @throws RefusedStartException where no majority agreed within the time for starting
   */
  void retireLostFolder() {
    change("the lost folder leaves", this::withoutThisBroker);
  }

  /**
   * Takes this member in as a voter; it is running.
   *
   * @throws RefusedStartException likewise
   */
  void admit(RaftPeer member) {
    change(
        "the new folder comes",
        voters -> {
          List<RaftPeer> next = withoutThisBroker(voters);
          next.add(member);
          return next;
        });
  }

  private List<RaftPeer> withoutThisBroker(List<RaftPeer> peers) {
    List<RaftPeer> rest = new ArrayList<>(peers);
    rest.removeIf(peer -> GroupMembers.isOf(config.brokerId(), peer.getId()));
    return rest;
  }

  private void change(String what, UnaryOperator<List<RaftPeer>> change) {
    long begun = ticker.nanoTime();
    while (!attempt(what, change)) {
      if (ticker.nanoTime() - begun > config.startTimeout().toNanos()) {
        throw notTakenIn();
      }
      pause();
    }
  }

  /** A client of its own for each attempt: one that met nobody waits ever longer to look again. */
  private boolean attempt(String what, UnaryOperator<List<RaftPeer>> change) {
    try (RaftClient client =
        RaftClient.newBuilder()
            .setProperties(properties)
            .setRaftGroup(others)
            .setRetryPolicy(
                RetryPolicies.retryUpToMaximumCountWithFixedSleep(
                    ATTEMPTS_TO_FIND_THE_LEADER,
                    TimeDuration.valueOf(ATTEMPT_PAUSE_MS, TimeUnit.MILLISECONDS)))
            .build()) {
      return attempt(client, what, change);
    } catch (IOException e) {
      LOG.info("metadata: {}: not yet: {}", what, e.toString());
      return false;
    }
  }

  /**
   * Asks the leader also where nothing is to be changed: what a member says may not be committed.
   */
  private boolean attempt(RaftClient client, String what, UnaryOperator<List<RaftPeer>> change)
      throws IOException {
    RaftConfigurationProto now = configuration(client);
    if (now == null || now.getOldPeersCount() > 0) {
      return false;
    }
    List<RaftPeer> voters = ProtoUtils.toRaftPeers(now.getPeersList());
    List<RaftPeer> listeners = ProtoUtils.toRaftPeers(now.getListenersList());
    List<RaftPeer> next = change.apply(voters);
    boolean done =
        client
            .admin()
            .setConfiguration(
                SetConfigurationRequest.Arguments.newBuilder()
                    .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                    .setServersInCurrentConf(voters)
                    .setListenersInCurrentConf(listeners)
                    .setServersInNewConf(next)
                    .setListenersInNewConf(withoutThisBroker(listeners))
                    .build())
            .isSuccess();
    if (done) {
      LOG.info("metadata: {}: voters are {}", what, next.stream().map(RaftPeer::getId).toList());
    }
    return done;
  }

  private @Nullable RaftConfigurationProto configuration(RaftClient client) {
    for (RaftPeerId member : others.getPeers().stream().map(RaftPeer::getId).toList()) {
      try {
        RaftConfigurationProto found =
            client.getGroupManagementApi(member).info(others.getGroupId()).getConf().orElse(null);
        if (found != null) {
          return found;
        }
      } catch (IOException | StatusRuntimeException e) {
        LOG.info("metadata: asked {} who votes: {}", member, e.toString());
      }
    }
    return null;
  }

  private RefusedStartException notTakenIn() {
    return new RefusedStartException(
        Reason.EMPTY_RAFT_FOLDER,
        "the folder RAFT_PATH of broker "
            + config.brokerId()
            + " is empty, and no majority of the voters "
            + config.raftPeers().keySet().stream().sorted().toList()
            + " took it in within "
            + config.startTimeout()
            + ": start the others, or set RECOVER_FROM_BUCKET=true when a majority of them has lost"
            + " its folder, too");
  }

  private void pause() {
    CompletableFuture<Void> later = new CompletableFuture<>();
    scheduler.schedule(() -> later.complete(null), PAUSE);
    try {
      later.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MetadataUnavailableException("metadata: interrupted", e);
    }
  }
}
