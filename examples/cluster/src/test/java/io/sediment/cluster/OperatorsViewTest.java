package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.runtime.Await;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.QuorumInfo.ReplicaState;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.BrokerIdNotRegisteredException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Kafka's tools show of the members of a cluster, and how one is forgotten. */
class OperatorsViewTest {
  private static final int GONE = 2;

  @TempDir Path folder;

  @Test
  void theQuorumIsShownAndABrokerIsForgottenOnceItIsGone() throws Exception {
    try (InProcessCluster cluster = new InProcessCluster(folder);
        Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
      Await.until("all voters have all of the log", () -> lag(admin) == 0);
      QuorumInfo quorum = quorum(admin);
      assertThat(quorum.voters()).extracting(ReplicaState::replicaId).containsOnly(0, 1, 2);
      assertThat(quorum.observers()).isEmpty();
      assertThat(quorum.leaderId()).isBetween(0, 2);
      assertThat(quorum.highWatermark()).isPositive();
      assertThat(quorum.nodes()).containsOnlyKeys(0, 1, 2);

      assertRefused(admin, GONE, InvalidRequestException.class, "broker 2 has lane");
      assertRefused(admin, 9, BrokerIdNotRegisteredException.class, "broker 9");
      cluster.stop(GONE);
      Await.until("its lane is taken over", () -> isForgotten(admin));
      assertRefused(admin, GONE, BrokerIdNotRegisteredException.class, "broker 2");
      assertThat(known(admin)).extracting(Node::id).containsOnly(0, 1);

      cluster.start(GONE);
      Await.until("it is a broker again", () -> known(admin).size() == 3);
    }
  }

  private static QuorumInfo quorum(Admin admin) {
    try {
      return admin.describeMetadataQuorum().quorumInfo().get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static long lag(Admin admin) {
    QuorumInfo quorum = quorum(admin);
    long end = quorum.voters().stream().mapToLong(ReplicaState::logEndOffset).max().orElseThrow();
    return end - quorum.voters().stream().mapToLong(ReplicaState::logEndOffset).min().orElseThrow();
  }

  private static Collection<Node> known(Admin admin) {
    try {
      return admin
          .describeCluster(new DescribeClusterOptions().includeFencedBrokers(true))
          .nodes()
          .get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isForgotten(Admin admin) {
    try {
      admin.unregisterBroker(GONE).all().get();
      return true;
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(InvalidRequestException.class);
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertRefused(
      Admin admin, int broker, Class<? extends Exception> why, String message) {
    assertThatThrownBy(() -> admin.unregisterBroker(broker).all().get())
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(why)
        .hasMessageContaining(message);
  }
}
