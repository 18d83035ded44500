package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;

/** Random commands that mostly succeed, and images made of them. */
public final class SampleImages {
  private SampleImages() {}

  /** The next command of a random history. Of every kind some. */
  public static MetadataCommand<?> command(Random random, MetadataImage image) {
    int broker = random.nextInt(3);
    long brokerEpoch = image.broker(broker) == null ? 0 : image.broker(broker).epoch();
    LaneId lane = new LaneId(random.nextInt(4));
    long laneEpoch = image.lane(lane) == null ? 0 : image.lane(lane).epoch();
    return switch (random.nextInt(19)) {
      case 0 ->
          new RegisterBroker(
              broker,
              id(random),
              "host-ü" + random.nextInt(9),
              random.nextInt(65536),
              random.nextBoolean() ? "rack" : null);
      case 1 -> new RegisterLane(lane, broker);
      case 2 -> new OpenLane(lane, broker, brokerEpoch);
      case 3 -> new LaneOpened(lane, laneEpoch, offsets(random, image));
      case 4 ->
          new CreateTopics(
              List.of(
                  new NewTopic(
                      id(random),
                      "topic-" + random.nextInt(30),
                      1 + random.nextInt(5),
                      1 + random.nextInt(3),
                      List.of(),
                      Map.of("k" + random.nextInt(3), "v")),
                  new NewTopic(id(random), "bad", 0, 1, List.of(1), Map.of())));
      case 5 -> new DeleteTopics(someTopics(random, image));
      case 6 -> new DropDeletedTopics(lane, List.copyOf(image.deletedTopics().keySet()));
      case 7 ->
          new CreatePartitions(
              someTopics(random, image).stream()
                  .map(t -> new CreatePartitions.Growth(t, random.nextInt(12), List.of()))
                  .toList());
      case 8 ->
          new AlterConfigs(
              List.of(
                  new AlterConfigs.Change(
                      random.nextBoolean()
                          ? ConfigResource.CLUSTER
                          : ConfigResource.topic("topic-" + random.nextInt(30)),
                      random.nextInt(4) == 0,
                      List.of(
                          new AlterConfigs.Op(
                              "c" + random.nextInt(5), random.nextBoolean() ? "x" : null)))));
      case 9 -> new RaiseLogStarts(offsets(random, image));
      case 10 -> new AllocateProducerIds(broker, brokerEpoch, 1 + random.nextInt(1000));
      case 11 -> new SealLane(lane, laneEpoch, broker, brokerEpoch);
      case 12 -> new LaneSealed(lane, laneEpoch, offsets(random, image));
      case 13 -> new PassSealedLane(lane, laneEpoch, broker, brokerEpoch);
      case 16 ->
          new PreferLeaders(
              offsets(random, image).keySet().stream()
                  .map(id -> new PreferLeaders.Choice(id, random.nextInt(4) - 1))
                  .toList());
      case 17 -> new UnregisterBroker(broker);
      case 14 -> new DrainLane(lane, laneEpoch, broker, brokerEpoch);
      case 15 ->
          new MovePartitions(
              lane,
              laneEpoch,
              offsets(random, image).entrySet().stream()
                  .map(
                      end ->
                          new MovePartitions.Move(
                              end.getKey(),
                              Math.max(
                                  0,
                                  image.partition(end.getKey()).leaderEpoch()
                                      - random.nextInt(4) / 3),
                              end.getValue(),
                              random.nextInt(4) - 1))
                  .toList());
      default -> new SetFeatureLevels(Map.of("f" + random.nextInt(4), random.nextInt(3)));
    };
  }

  private static UUID id(Random random) {
    return new UUID(random.nextLong(), random.nextLong());
  }

  private static List<UUID> someTopics(Random random, MetadataImage image) {
    List<UUID> ids = new ArrayList<>();
    for (Topic topic : image.topics()) {
      if (random.nextInt(8) == 0) {
        ids.add(topic.id());
      }
    }
    return ids;
  }

  private static Map<PartitionId, Long> offsets(Random random, MetadataImage image) {
    Map<PartitionId, Long> offsets = new TreeMap<>();
    for (Topic topic : image.topics()) {
      for (int i = 0; i < topic.partitionCount(); i++) {
        if (random.nextInt(3) == 0) {
          Partition partition = topic.partitions().get(i);
          long floor = Math.max(partition.current().startOffset(), partition.logStartOffset());
          offsets.put(new PartitionId(topic.id(), i), floor + random.nextInt(1000));
        }
      }
    }
    return offsets;
  }

  /** An image after {@code commands} random commands. */
  public static MetadataImage image(Random random, int commands) {
    MetadataImage image = InMemoryClusterMetadata.ofOneBroker(1, "host", 9092).image();
    for (int i = 0; i < commands; i++) {
      image = command(random, image).applyTo(image).image().withVersion(i);
    }
    return image;
  }

  /** One broker with one active lane and {@code topics} topics of {@code partitions} each. */
  public static MetadataImage ofTopics(int topics, int partitions) {
    InMemoryClusterMetadata metadata = InMemoryClusterMetadata.ofOneBroker(0, "host", 9092);
    List<NewTopic> all = new ArrayList<>();
    for (int i = 0; i < topics; i++) {
      all.add(
          new NewTopic(
              new UUID(i * 0x9E37_79B9_7F4A_7C15L, i),
              "topic-" + i,
              partitions,
              3,
              List.of(),
              Map.of()));
    }
    metadata.accept(new CreateTopics(all));
    return metadata.image();
  }
}
