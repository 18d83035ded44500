package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.cluster.tools.Tools;
import io.sediment.runtime.Await;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.NoReassignmentInProgressException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators move partitions with Kafka's own tools while clients are at work. */
class OperatorsMovesTest {
  private static final String TOPIC = "t";
  private static final int PARTITIONS = 6;

  @TempDir Path folder;

  private static Optional<NewPartitionReassignment> to(Integer... brokers) {
    return Optional.of(new NewPartitionReassignment(List.of(brokers)));
  }

  private static TopicPartition partition(int index) {
    return new TopicPartition(TOPIC, index);
  }

  private static TopicPartitionInfo described(Admin admin, int index) throws Exception {
    return admin
        .describeTopics(List.of(TOPIC))
        .allTopicNames()
        .get()
        .get(TOPIC)
        .partitions()
        .get(index);
  }

  private static int leader(Admin admin, int index) throws Exception {
    Node leader = described(admin, index).leader();
    return leader == null ? -1 : leader.id();
  }

  /** Has all partitions led by one broker, and waits until they are. */
  private static void moveAll(Admin admin, int broker) throws Exception {
    Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
    for (int i = 0; i < PARTITIONS; i++) {
      moves.put(partition(i), to(broker, (broker + 1) % 3, (broker + 2) % 3));
    }
    admin.alterPartitionReassignments(moves).all().get();
    Await.until("all are led by broker " + broker, () -> areLedBy(admin, broker));
  }

  private static boolean areLedBy(Admin admin, int broker) {
    try {
      for (int i = 0; i < PARTITIONS; i++) {
        if (leader(admin, i) != broker) {
          return false;
        }
      }
      return admin.listPartitionReassignments().reassignments().get().isEmpty();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void createTopic(Admin admin) throws Exception {
    admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 3))).all().get();
  }

  private static void assertFails(KafkaFuture<?> future, Class<? extends Exception> cause) {
    assertThatThrownBy(future::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(cause);
  }

  @Test
  void partitionsMoveThereAndBackAndNothingIsLostOrRepeated() throws Exception {
    List<Long> longestMs = new ArrayList<>();
    try (InProcessCluster cluster = new InProcessCluster(folder);
        Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
      createTopic(admin);
      try (PartitionLoad load = new PartitionLoad(cluster.bootstrap(), TOPIC, PARTITIONS)) {
        load.awaitMoreOfEach();
        for (int broker : new int[] {0, 1, 0, 1, 2, 0, 1}) {
          load.longestPauseMs();
          moveAll(admin, broker);
          load.awaitMoreOfEach();
          longestMs.add(load.longestPauseMs());
        }
        load.endAndReadBack();
      }
    }
    System.out.println("longest pause of any partition at each move, ms: " + longestMs);
    assertThat(fsck()).contains("clean=true damages=0");
  }

  private String fsck() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    int status =
        Tools.run(
            new String[] {"fsck"},
            new SettingsBucket(SampleBucket.environment(folder.resolve("data"))),
            print,
            print);
    String said = out.toString(StandardCharsets.UTF_8);
    assertThat(status).as(said).isZero();
    return said;
  }

  @Test
  void whoWasNamedLastLeadsAgainWhenAskedFor() throws Exception {
    try (InProcessCluster cluster = new InProcessCluster(folder);
        Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
      createTopic(admin);
      moveAll(admin, 2);
      Set<TopicPartition> first = Set.of(partition(0));
      assertFails(
          admin.electLeaders(ElectionType.PREFERRED, first).all(),
          ElectionNotNeededException.class);
      cluster.stop(2);
      Await.until("others lead", () -> !isLedBy(admin, 0, 2));
      cluster.start(2);
      Await.until("it serves again", () -> isReplica(admin, 0, 2));
      assertThat(leader(admin, 0)).as("moves are not undone by themselves").isNotEqualTo(2);
      assertThat(described(admin, 0).replicas().get(0).id()).isEqualTo(2);

      assertThat(admin.electLeaders(ElectionType.PREFERRED, first).partitions().get())
          .containsEntry(partition(0), Optional.empty());
      Await.until("it leads again", () -> isLedBy(admin, 0, 2));
      assertThat(leader(admin, 1)).isNotEqualTo(2);
      assertFails(
          admin.electLeaders(ElectionType.UNCLEAN, first).all(), ElectionNotNeededException.class);
      admin.electLeaders(ElectionType.PREFERRED, null).all().get();
      Await.until("all are led as they shall be", () -> areLedBy(admin, 2));
    }
  }

  private static boolean isLedBy(Admin admin, int index, int broker) {
    try {
      return leader(admin, index) == broker;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isReplica(Admin admin, int index, int broker) {
    try {
      return described(admin, index).replicas().stream().anyMatch(node -> node.id() == broker);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatCannotBeIsRefusedInKafkasWords() throws Exception {
    try (InProcessCluster cluster = new InProcessCluster(folder);
        Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
      createTopic(admin);
      assertFails(
          admin
              .alterPartitionReassignments(Map.of(new TopicPartition("none", 0), to(0, 1, 2)))
              .all(),
          UnknownTopicOrPartitionException.class);
      assertFails(
          admin.alterPartitionReassignments(Map.of(partition(99), to(0, 1, 2))).all(),
          UnknownTopicOrPartitionException.class);
      assertFails(
          admin.alterPartitionReassignments(Map.of(partition(0), to(0, 1, 7))).all(),
          InvalidReplicaAssignmentException.class);
      assertFails(
          admin.alterPartitionReassignments(Map.of(partition(0), to(0, 1, 1))).all(),
          InvalidReplicaAssignmentException.class);
      assertFails(
          admin.alterPartitionReassignments(Map.of(partition(0), to(0))).all(),
          InvalidReplicationFactorException.class);
      assertFails(
          admin.alterPartitionReassignments(Map.of(partition(0), Optional.empty())).all(),
          NoReassignmentInProgressException.class);
      assertFails(
          admin.electLeaders(ElectionType.PREFERRED, Set.of(new TopicPartition("none", 0))).all(),
          UnknownTopicOrPartitionException.class);
    }
  }
}
