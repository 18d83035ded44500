package io.sediment.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that are restarted in order, one after the other, while clients are at work. */
class RollingRestartTest {
  private static final String TOPIC = "t";
  private static final int PARTITIONS = 12;

  @TempDir Path folder;

  @Test
  void noRecordIsRefusedLostOrRepeated() throws Exception {
    List<Long> longestMs = new ArrayList<>();
    try (InProcessCluster cluster = new InProcessCluster(folder)) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
        admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 3))).all().get();
      }
      try (PartitionLoad load = new PartitionLoad(cluster.bootstrap(), TOPIC, PARTITIONS)) {
        load.awaitMoreOfEach();
        for (int broker = 0; broker < InProcessCluster.SIZE; broker++) {
          load.longestPauseMs();
          cluster.stop(broker);
          load.awaitMoreOfEach();
          longestMs.add(load.longestPauseMs());
          cluster.start(broker);
          load.awaitMoreOfEach();
        }
        load.endAndReadBack();
      }
    }
    System.out.println("longest pause of any partition at each stop, ms: " + longestMs);
  }
}
