package io.sediment.metadata.bucket;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.AllocateProducerIds;
import io.sediment.metadata.AlterConfigs;
import io.sediment.metadata.AlterConfigs.Change;
import io.sediment.metadata.AlterConfigs.Op;
import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandOutcome;
import io.sediment.metadata.ConfigResource;
import io.sediment.metadata.CreatePartitions;
import io.sediment.metadata.CreatePartitions.Growth;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.DeleteTopics;
import io.sediment.metadata.DropDeletedTopics;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PassSealedLane;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.Corpus;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * What version 1 has written below {@code cluster/} stays readable, as it is, and its commands go
 * on meaning what they meant.
 */
class MetadataCorpusTest {
  private static final UUID WRITER = new UUID(0x1111, 0x2222);
  private static final ExportObject.Header HEADER =
      new ExportObject.Header(2, 7, WRITER, 100, 3, 120);

  /** Commands of every kind, each of which changes something, and what they make of nothing. */
  private static final class History {
    private static final UUID ORDERS = new UUID(7, 1);
    private static final UUID PINNED = new UUID(7, 2);
    private static final UUID FORGOTTEN = new UUID(7, 3);
    private static final UUID REMEMBERED = new UUID(7, 4);
    private static final LaneId FIRST = new LaneId(0);
    private static final LaneId SECOND = new LaneId(1);

    final List<MetadataCommand<?>> commands = new ArrayList<>();
    MetadataImage image = beginning();

    static MetadataImage beginning() {
      return MetadataImage.empty("yscmWVehSDeWjyy1nuw88Q", 2);
    }

    History() {
      long zero = add(new RegisterBroker(0, new UUID(1, 0), "host-\u00fc", 9092, "rack-a"));
      long one = add(new RegisterBroker(1, new UUID(1, 1), "host-1", 19092, null));
      add(new RegisterLane(FIRST, 0));
      add(new RegisterLane(SECOND, 1));
      add(new LaneOpened(FIRST, add(new OpenLane(FIRST, 0, zero)), Map.of()));
      long second = add(new OpenLane(SECOND, 1, one));
      add(new LaneOpened(SECOND, second, Map.of()));
      add(
          new CreateTopics(
              List.of(
                  new NewTopic(ORDERS, "orders", 3, 2, List.of(), Map.of("retention.ms", "1000")),
                  new NewTopic(PINNED, "pinned", 2, 1, List.of(1, 0), Map.of()),
                  new NewTopic(FORGOTTEN, "forgotten", 1, 1, List.of(0), Map.of()),
                  new NewTopic(REMEMBERED, "remembered", 1, 1, List.of(1), Map.of()))));
      add(new CreatePartitions(List.of(new Growth(PINNED, 3, List.of(1)))));
      add(
          new AlterConfigs(
              List.of(
                  new Change(
                      ConfigResource.topic("orders"),
                      false,
                      List.of(new Op("retention.ms", null), new Op("segment.ms", "5"))),
                  new Change(
                      ConfigResource.CLUSTER, true, List.of(new Op("log.retention.ms", "60000"))),
                  new Change(
                      new ConfigResource(ConfigResource.Type.GROUP, "readers"),
                      false,
                      List.of(new Op("consumer.session.timeout.ms", "45000"))))));
      add(new SetFeatureLevels(Map.of("group.version", 1)));
      add(new AllocateProducerIds(0, zero, 1000));
      add(new DeleteTopics(List.of(FORGOTTEN, REMEMBERED)));
      add(new DropDeletedTopics(FIRST, List.of(FORGOTTEN)));
      Map<PartitionId, Long> ends = new TreeMap<>();
      for (int partition = 0; partition < 3; partition++) {
        ends.put(new PartitionId(ORDERS, partition), 50L + partition);
        ends.put(new PartitionId(PINNED, partition), 1L << 40);
      }
      add(new LaneOpened(FIRST, add(new OpenLane(FIRST, 0, zero)), ends));
      long sealing = add(new SealLane(SECOND, second, 0, zero));
      add(new LaneSealed(SECOND, sealing, ends));
      add(new PassSealedLane(SECOND, sealing, 0, zero));
      add(new RaiseLogStarts(Map.of(new PartitionId(ORDERS, 0), 10L)));
    }

    private <R> R add(MetadataCommand<R> command) {
      commands.add(command);
      CommandOutcome<R> outcome = command.applyTo(image);
      image = outcome.image().withVersion(commands.size());
      return outcome.result().valueOrThrow();
    }
  }

  @Test
  void commandsOfEveryKindMeanWhatTheyMeant() {
    History history = new History();
    List<ExportObject.Entry> entries = new ArrayList<>();
    for (MetadataCommand<?> command : history.commands) {
      ByteBuffer bytes = ByteBuffer.wrap(CommandLayout.encode(command));
      entries.add(new ExportObject.Entry(101 + entries.size(), bytes));
    }
    byte[] today = new ExportObject.Delta(HEADER, entries).encode();
    byte[] stored = Corpus.read("v1/export-delta", () -> today);
    ExportObject.Delta delta = (ExportObject.Delta) ExportObject.decode(bytes(stored), "delta");
    assertThat(delta).isEqualTo(new ExportObject.Delta(HEADER, entries));
    assertThat(today).isEqualTo(stored);

    MetadataImage image = History.beginning();
    for (ExportObject.Entry entry : delta.entries()) {
      CommandOutcome<?> outcome = CommandLayout.decode(entry.command()).applyTo(image);
      assertThat(outcome.changedRows()).as(entry.toString()).isNotEmpty();
      image = outcome.image().withVersion(entry.index() - 100);
    }
    byte[] snapshot =
        Corpus.read(
            "v1/export-snapshot", () -> new ExportObject.Snapshot(HEADER, history.image).encode());
    assertThat(ExportObject.decode(bytes(snapshot), "snapshot"))
        .isEqualTo(new ExportObject.Snapshot(HEADER, image));
    assertThat(new ExportObject.Snapshot(HEADER, image).encode()).isEqualTo(snapshot);
  }

  @Test
  void exportFence() {
    ExportObject.Fence fence = new ExportObject.Fence(HEADER);
    byte[] stored = Corpus.read("v1/export-fence", fence::encode);
    assertThat(ExportObject.decode(bytes(stored), "fence")).isEqualTo(fence);
    assertThat(fence.encode()).isEqualTo(stored);
  }

  @Test
  void exportBoundary() {
    byte[] stored = Corpus.read("v1/export-boundary", () -> ExportRegister.encodeBoundary(4711));
    assertThat(ExportRegister.decodeBoundary(new ObjectKey("boundary"), bytes(stored)))
        .isEqualTo(4711);
    assertThat(ExportRegister.encodeBoundary(4711)).isEqualTo(stored);
  }

  @Test
  void incarnation() {
    Incarnation incarnation =
        new Incarnation(
            2, "yscmWVehSDeWjyy1nuw88Q", new UUID(3, 4), new UUID(5, 6), List.of(0, 1, 300));
    byte[] stored = Corpus.read("v1/incarnation", incarnation::encode);
    assertThat(Incarnation.decode(bytes(stored), "incarnation")).isEqualTo(incarnation);
    assertThat(incarnation.encode()).isEqualTo(stored);
  }

  @Test
  void laneRegistrations() {
    for (LaneRegistration registration :
        List.of(
            new LaneRegistration.OfLane(5, 2, WRITER, 300),
            new LaneRegistration.Fence(6, 2, WRITER))) {
      boolean lane = registration instanceof LaneRegistration.OfLane;
      byte[] stored =
          Corpus.read(
              lane ? "v1/lane-registration" : "v1/lane-registry-fence", registration::encode);
      assertThat(LaneRegistration.decode(bytes(stored), registration.number(), "lane"))
          .isEqualTo(registration);
      assertThat(registration.encode()).isEqualTo(stored);
    }
  }

  @Test
  void voter() {
    VoterRegister.Vote vote = VoterRegister.Vote.of(WRITER);
    byte[] stored = Corpus.read("v1/voter", () -> VoterRegister.encode(300, vote));
    assertThat(VoterRegister.decode(bytes(stored), 300, "voter")).isEqualTo(vote);
    assertThat(VoterRegister.encode(300, vote)).isEqualTo(stored);
  }

  @Test
  void voterThatLostItsFolder() {
    VoterRegister.Vote vote = new VoterRegister.Vote(WRITER, new UUID(3, 4));
    byte[] stored = Corpus.read("v2/voter", () -> VoterRegister.encode(300, vote));
    assertThat(VoterRegister.decode(bytes(stored), 300, "voter")).isEqualTo(vote);
    assertThat(VoterRegister.encode(300, vote)).isEqualTo(stored);
  }

  @Test
  void folderIdentity() {
    FolderIdentity identity =
        new FolderIdentity(
            300,
            2,
            "yscmWVehSDeWjyy1nuw88Q",
            new UUID(3, 4),
            new UUID(5, 6),
            new UUID(7, 8),
            true,
            false);
    byte[] stored = Corpus.read("v1/raft-identity", identity::encode);
    assertThat(FolderIdentity.decode(bytes(stored), "identity")).isEqualTo(identity);
    assertThat(identity.encode()).isEqualTo(stored);
  }

  private static ByteBuffer bytes(byte[] stored) {
    return ByteBuffer.wrap(stored);
  }
}
