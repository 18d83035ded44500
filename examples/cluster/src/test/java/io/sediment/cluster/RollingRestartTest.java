package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that are restarted in order, one after the other, while clients are at work. */
class RollingRestartTest {
  private static final String TOPIC = "t";
  private static final int PARTITIONS = 12;
  private static final int GROUPS = 2;
  private static final String TAKEN_OVER = "sediment_lane_takeovers_partitions_total";

  @TempDir Path folder;

  @Test
  void noRecordIsRefusedLostOrRepeatedAndGroupsGoOn() throws Exception {
    List<Long> longestMs = new ArrayList<>();
    List<Long> longestCommitMs = new ArrayList<>();
    try (InProcessCluster cluster = new InProcessCluster(folder)) {
      createTopic(cluster.bootstrap());
      List<GroupLoad> groups = new ArrayList<>();
      try (PartitionLoad load = new PartitionLoad(cluster.bootstrap(), TOPIC, PARTITIONS)) {
        load.awaitMoreOfEach();
        for (int i = 0; i < GROUPS; i++) {
          String protocol = i % 2 == 0 ? "classic" : "consumer";
          groups.add(new GroupLoad(cluster.bootstrap(), TOPIC, protocol + "-" + i, protocol));
        }
        groups.forEach(GroupLoad::awaitMore);
        for (int broker = 0; broker < InProcessCluster.SIZE; broker++) {
          load.longestPauseMs();
          groups.forEach(GroupLoad::longestMs);
          cluster.stop(broker);
          load.awaitMoreOfEach();
          groups.forEach(GroupLoad::awaitMore);
          // All partitions are led again. What the last leader had not handed over, a takeover
          // would have placed.
          assertThat(cluster.metric(TAKEN_OVER)).isZero();
          longestMs.add(load.longestPauseMs());
          longestCommitMs.add(groups.stream().mapToLong(GroupLoad::longestMs).max().orElse(0));
          cluster.start(broker);
          load.awaitMoreOfEach();
          groups.forEach(GroupLoad::awaitMore);
        }
        for (GroupLoad group : groups) {
          group.endAndCheck();
        }
        load.endAndReadBack();
      } finally {
        for (GroupLoad group : groups) {
          group.close();
        }
      }
    }
    System.out.println("longest pause of any partition at each stop, ms: " + longestMs);
    System.out.println("longest commit of any group at each stop, ms: " + longestCommitMs);
  }

  private static void createTopic(String bootstrap) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get();
    } catch (ExecutionException e) {
      // On a busy machine an answer may be lost with a lease, and the client asks again.
      assertThat(e).hasCauseInstanceOf(TopicExistsException.class);
    }
  }
}
