package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealer;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.Partition;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.RefusedStartException.Reason;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealedLane;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.metadata.bucket.FencedMetadataException;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Await;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RaftMetadataTest {
  private static final LaneSealer NO_SEALER =
      (lane, incarnation, epoch) ->
          CompletableFuture.failedFuture(new AssertionError("nothing to seal"));
  private static final UUID TOPIC = new UUID(7, 7);

  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-metadata", 2);
  private final ObjectStore store = new MemoryObjectStore(scheduler);
  private final Random random = new Random(1);
  @TempDir Path temp;

  @AfterEach
  void stop() {
    store.close();
    scheduler.close();
  }

  private MetadataConfig config(String folder) {
    return MetadataConfig.ofOneBroker(0, new HostPort("127.0.0.1", 0), temp.resolve(folder));
  }

  private RaftMetadata open(MetadataConfig config) throws IOException {
    return open(config, NO_SEALER);
  }

  private RaftMetadata open(MetadataConfig config, LaneSealer sealer) throws IOException {
    return RaftMetadata.open(config, store, scheduler, SystemPorts.ticker(), random, sealer);
  }

  private static <R> R accept(RaftMetadata metadata, MetadataCommand<R> command) {
    return Await.result(metadata.submit(command)).valueOrThrow();
  }

  /** Registers a broker, opens its lane and makes a topic of two partitions. */
  private static LaneId populate(RaftMetadata metadata) {
    long epoch = accept(metadata, new RegisterBroker(0, new UUID(1, 1), "localhost", 9092, null));
    LaneId lane = Await.result(metadata.lanes().register(0));
    accept(metadata, new RegisterLane(lane, 0));
    long laneEpoch = accept(metadata, new OpenLane(lane, 0, epoch));
    accept(metadata, new LaneOpened(lane, laneEpoch, Map.of()));
    NewTopic topic = new NewTopic(TOPIC, "t", 2, 1, List.of(), Map.of("k", "v"));
    accept(metadata, new CreateTopics(List.of(topic))).forEach(CommandResult::valueOrThrow);
    return lane;
  }

  @Test
  void aSubmittedCommandIsSeenByItsSubmitter() throws IOException {
    try (RaftMetadata metadata = open(config("raft"))) {
      populate(metadata);
      assertThat(metadata.image().topic("t").partitions())
          .allSatisfy(p -> assertThat(metadata.image().leaderOf(p)).isZero());
      assertThat(metadata.image().clusterId()).hasSize(22);
      assertThat(Await.result(metadata.isNewestIncarnation())).isTrue();
    }
  }

  @Test
  void aRestartFindsWhatWasThere() throws IOException {
    MetadataImage before;
    try (RaftMetadata metadata = open(config("raft"))) {
      populate(metadata);
      before = metadata.image();
    }
    try (RaftMetadata metadata = open(config("raft"))) {
      assertThat(metadata.image()).isEqualTo(before);
      accept(metadata, new SetFeatureLevels(Map.of("f", 3)));
      before = metadata.image();
    }
    try (RaftMetadata metadata = open(config("raft"))) {
      assertThat(metadata.image()).isEqualTo(before);
    }
  }

  @Test
  void aKilledProcessComesBackFromItsLogAlone() throws IOException {
    MetadataImage before;
    try (RaftMetadata metadata = open(config("raft"))) {
      populate(metadata);
      before = metadata.image();
      // What a kill leaves behind: neither checkpoint nor flushed rows.
      copy(temp.resolve("raft"), temp.resolve("killed"));
    }
    try (RaftMetadata metadata = open(config("killed"))) {
      assertThat(metadata.image()).isEqualTo(before);
      accept(metadata, new SetFeatureLevels(Map.of("f", 3)));
    }
  }

  @Test
  void lostRowsAreMadeAnewFromTheCheckpoint() throws IOException {
    MetadataImage before;
    try (RaftMetadata metadata = open(config("raft"))) {
      populate(metadata);
      before = metadata.image();
    }
    Folders.delete(temp.resolve("raft/state"));
    try (RaftMetadata metadata = open(config("raft"))) {
      assertThat(metadata.image()).isEqualTo(before);
    }
  }

  @Test
  void lostRowsAndCheckpointsAreMadeAnewFromTheBucket() throws IOException {
    MetadataImage before;
    try (RaftMetadata metadata = open(config("raft"))) {
      populate(metadata);
      before = metadata.image();
    }
    Folders.delete(temp.resolve("raft/state"));
    try (Stream<Path> all = Files.walk(temp.resolve("raft/log"))) {
      for (Path checkpoint :
          all.filter(path -> path.getFileName().toString().startsWith("checkpoint.")).toList()) {
        Folders.delete(checkpoint);
      }
    }
    try (RaftMetadata metadata = open(config("raft"))) {
      assertThat(metadata.image().sameContent(before)).isTrue();
      accept(metadata, new SetFeatureLevels(Map.of("f", 3)));
    }
  }

  @Test
  void aFolderInUseIsRefused() throws IOException {
    try (RaftMetadata metadata = open(config("raft"))) {
      assertThatThrownBy(() -> open(config("raft")))
          .isInstanceOfSatisfying(
              RefusedStartException.class, e -> assertThat(e.exitStatus()).isEqualTo(3));
      assertThat(metadata.image().version()).isGreaterThanOrEqualTo(-1);
    }
  }

  @Test
  void anEmptyFolderOnAUsedBucketIsRefused() throws IOException {
    open(config("raft")).close();
    assertRefused(config("other"), Reason.EMPTY_RAFT_FOLDER);
  }

  @Test
  void anotherClusterIdIsRefused() throws IOException {
    open(config("raft").withClusterId("one")).close();
    assertRefused(config("raft").withClusterId("two"), Reason.WRONG_CLUSTER_ID);
    try (RaftMetadata metadata = open(config("raft"))) {
      assertThat(metadata.image().clusterId()).isEqualTo("one");
    }
  }

  private void assertRefused(MetadataConfig config, Reason reason) {
    assertThatThrownBy(() -> open(config))
        .isInstanceOfSatisfying(
            RefusedStartException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @Test
  void aWipedFolderIsRebornFromTheBucketAndTheOldOneIsFenced() throws IOException {
    LaneId lane;
    MetadataImage before;
    LaneSealer sealer =
        (id, incarnation, epochMin) ->
            CompletableFuture.completedFuture(
                new SealedLane(
                    id,
                    epochMin + 3,
                    Map.of(new PartitionId(TOPIC, 1), new SealedLane.End(42, 9))));
    RaftMetadata old = open(config("raft"));
    lane = populate(old);
    before = old.image();

    try (RaftMetadata reborn = open(config("fresh").withRecovery(), sealer)) {
      MetadataImage image = reborn.image();
      assertThat(image.incarnation()).isEqualTo(2);
      assertThat(image.clusterId()).isEqualTo(before.clusterId());
      assertThat(image.topicIds()).isEqualTo(before.topicIds());
      assertThat(image.lane(lane).state()).isEqualTo(Lane.State.SEALED);
      assertThat(image.lane(lane).epoch()).isEqualTo(before.lane(lane).epoch() + 4);
      Partition used = image.partition(TOPIC, 1);
      assertThat(used.current().startOffset()).isEqualTo(42);
      assertThat(used.leaderEpoch()).isEqualTo(10);
      assertThat(used.placements()).hasSize(2);
      assertThat(image.partition(TOPIC, 0).placements()).hasSize(1);
      assertThat(image.leaderOf(used)).isEqualTo(MetadataImage.NO_LEADER);

      long epoch = accept(reborn, new RegisterBroker(0, new UUID(2, 2), "localhost", 9092, null));
      LaneId next = used.current().lane();
      long laneEpoch = accept(reborn, new OpenLane(next, 0, epoch));
      assertThat(accept(reborn, new LaneOpened(next, laneEpoch, Map.of()))).isEqualTo(2);
      assertThat(reborn.image().leaderOf(reborn.image().partition(TOPIC, 1))).isZero();
    }

    // The old process lives on and finds out with its next change.
    CompletableFuture<?> late = old.submit(new SetFeatureLevels(Map.of("f", 3)));
    assertThat(Await.result(old.halted())).isInstanceOf(FencedMetadataException.class);
    Await.failure(late);
    assertThat(Await.failure(old.lanes().register(0))).isInstanceOf(FencedMetadataException.class);
    assertThat(old.image()).isEqualTo(before);
    old.close();
    assertRefused(config("raft"), Reason.OLDER_INCARNATION);
    open(config("fresh")).close();
  }

  @Test
  void aRecoveryThatFailedHalfwayIsTakenUpAgain() throws IOException {
    LaneId lane;
    try (RaftMetadata old = open(config("raft"))) {
      lane = populate(old);
    }
    LaneSealer failing =
        (id, incarnation, epochMin) ->
            CompletableFuture.failedFuture(new IllegalStateException("sealing"));
    assertThatThrownBy(() -> open(config("fresh").withRecovery(), failing))
        .hasMessageContaining("sealing");

    LaneSealer sealer =
        (id, incarnation, epochMin) ->
            CompletableFuture.completedFuture(new SealedLane(id, epochMin, Map.of()));
    try (RaftMetadata reborn = open(config("fresh").withRecovery(), sealer)) {
      assertThat(reborn.incarnation().number()).isEqualTo(2);
      assertThat(reborn.image().lane(lane).state()).isEqualTo(Lane.State.SEALED);
      assertThat(reborn.image().topic("t")).isNotNull();
    }
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else if (!path.getFileName().toString().equals("in_use.lock")) {
          Files.copy(path, target);
        }
      }
    }
  }
}
