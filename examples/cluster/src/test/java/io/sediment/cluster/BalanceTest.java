package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker that has more to do than the others hands over, while clients are at work. */
class BalanceTest {
  private static final String TOPIC = "t";
  private static final int PARTITIONS = 20;
  private static final int INTERVAL_MS = 30; // a minute is six of them

  @TempDir Path folder;

  @Test
  void partitionsThatAllLieWithOneBrokerSpreadAndNothingIsLostOrRepeated() throws Exception {
    Map<String, String> often = Map.of("BALANCE_INTERVAL_MS", Integer.toString(INTERVAL_MS));
    try (InProcessCluster cluster = new InProcessCluster(folder, broker -> often);
        Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
      Map<Integer, List<Integer>> allWithOne = new HashMap<>();
      for (int i = 0; i < PARTITIONS; i++) {
        allWithOne.put(i, List.of(0, 1, 2));
      }
      admin.createTopics(List.of(new NewTopic(TOPIC, allWithOne))).all().get();
      assertThat(leaders(admin)).isEqualTo(Map.of(0, PARTITIONS));
      try (PartitionLoad load = new PartitionLoad(cluster.bootstrap(), TOPIC, PARTITIONS)) {
        Await.until("each has a share", () -> leastOfThree(leaders(admin)) >= PARTITIONS / 5);
        load.awaitMoreOfEach();
        load.endAndReadBack();
      }
    }
  }

  private static int leastOfThree(Map<Integer, Integer> leaders) {
    return leaders.size() < InProcessCluster.SIZE
        ? 0
        : leaders.values().stream().mapToInt(count -> count).min().orElse(0);
  }

  /** How many partitions each broker leads. */
  private static Map<Integer, Integer> leaders(Admin admin) {
    try {
      Map<Integer, Integer> leaders = new HashMap<>();
      for (TopicPartitionInfo partition :
          admin.describeTopics(List.of(TOPIC)).allTopicNames().get().get(TOPIC).partitions()) {
        if (partition.leader() != null) {
          leaders.merge(partition.leader().id(), 1, Integer::sum);
        }
      }
      return leaders;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
