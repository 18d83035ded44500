package io.sediment.metadata;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * An image as rows of bytes. The same rows make up a snapshot and the state machine's database.
 *
 * <pre>
 *   snapshot  cluster id (text), incarnation, version (i64 each), then each row as
 *             sized key, sized value; keys ascend as unsigned bytes within a kind
 *   key       kind (u8), then the id:
 *             1 counters, 2 feature (text), 3 broker (i32), 4 lane (i32), 5 topic (uuid),
 *             6 deleted topic (uuid), 7 configs (type u8, name text),
 *             8 preferred leader (topic uuid, partition i32)
 *   value     format version of the row (u8), then its fields in the order written below
 * </pre>
 */
public final class ImageLayout {
  private static final int ROW_VERSION = 1;

  /** Of the counters once a broker was unregistered: one more. */
  private static final int COUNTERS_VERSION_WITH_EPOCH = 2;

  private static final int COUNTERS = 1;
  private static final int FEATURE = 2;
  private static final int BROKER = 3;
  private static final int LANE = 4;
  private static final int TOPIC = 5;
  private static final int DELETED_TOPIC = 6;
  private static final int CONFIGS = 7;
  private static final int PREFERRED_LEADER = 8;

  /** leader epoch, lane, lane epoch and start offset take at least a byte each. */
  private static final int PLACEMENT_BYTES_MIN = 4;

  private ImageLayout() {}

  /** Appends a snapshot of {@code image}. */
  public static void write(MetadataImage image, MetadataOutput out) {
    out.text(image.clusterId()).i64(image.incarnation()).i64(image.version());
    forEachRow(image, (key, value) -> out.sized(key).sized(value));
  }

  /** Reads a snapshot to the end of {@code in}. */
  public static MetadataImage read(MetadataInput in) {
    Builder builder = new Builder(in.text(), in.i64());
    long version = in.i64();
    while (in.remaining() > 0) {
      builder.add(in.sized(), in.sized());
    }
    return builder.build(version);
  }

  /** Calls {@code row} with key and value of every row. */
  public static void forEachRow(MetadataImage image, BiConsumer<byte[], byte[]> row) {
    if (image.nextProducerId() != 0 || image.unregisteredEpochMax() != 0) {
      put(image, new RowKey.Counters(), row);
    }
    image.features().keySet().forEach(name -> put(image, new RowKey.Feature(name), row));
    image.brokers().keySet().forEach(id -> put(image, new RowKey.OfBroker(id), row));
    image.lanes().keySet().forEach(id -> put(image, new RowKey.OfLane(id), row));
    image.topics().forEach(topic -> put(image, new RowKey.OfTopic(topic.id()), row));
    image.deletedTopics().keySet().forEach(id -> put(image, new RowKey.OfDeletedTopic(id), row));
    image.configuredResources().forEach(of -> put(image, new RowKey.OfConfigs(of), row));
    image
        .preferredLeaders()
        .keySet()
        .forEach(id -> put(image, new RowKey.OfPreferredLeader(id), row));
  }

  private static void put(MetadataImage image, RowKey key, BiConsumer<byte[], byte[]> row) {
    byte[] value = value(image, key);
    if (value != null) {
      row.accept(key(key), value);
    }
  }

  /** The bytes of a key. */
  public static byte[] key(RowKey key) {
    MetadataOutput out = new MetadataOutput();
    if (key instanceof RowKey.Counters) {
      out.u8(COUNTERS);
    } else if (key instanceof RowKey.Feature feature) {
      out.u8(FEATURE).text(feature.name());
    } else if (key instanceof RowKey.OfBroker broker) {
      out.u8(BROKER).i32(broker.id());
    } else if (key instanceof RowKey.OfLane lane) {
      out.u8(LANE).i32(lane.id().value());
    } else if (key instanceof RowKey.OfTopic topic) {
      out.u8(TOPIC).uuid(topic.id());
    } else if (key instanceof RowKey.OfDeletedTopic topic) {
      out.u8(DELETED_TOPIC).uuid(topic.id());
    } else if (key instanceof RowKey.OfConfigs configs) {
      out.u8(CONFIGS).u8(configs.resource().type().code()).text(configs.resource().name());
    } else if (key instanceof RowKey.OfPreferredLeader preferred) {
      out.u8(PREFERRED_LEADER).uuid(preferred.id().topicId()).i32(preferred.id().partition());
    }
    return out.toByteArray();
  }

  /** The bytes of a row's value, or null where {@code image} has no such row. */
  public static byte @Nullable [] value(MetadataImage image, RowKey key) {
    if (key instanceof RowKey.Counters && image.unregisteredEpochMax != 0) {
      return new MetadataOutput()
          .u8(COUNTERS_VERSION_WITH_EPOCH)
          .varint(image.nextProducerId)
          .varint(image.unregisteredEpochMax)
          .toByteArray();
    }
    MetadataOutput out = new MetadataOutput().u8(ROW_VERSION);
    if (key instanceof RowKey.Counters) {
      out.varint(image.nextProducerId);
    } else if (key instanceof RowKey.Feature feature) {
      Integer level = image.features.get(feature.name());
      if (level == null) {
        return null;
      }
      out.varint(level);
    } else if (key instanceof RowKey.OfBroker id) {
      Broker broker = image.brokers.get(id.id());
      if (broker == null) {
        return null;
      }
      out.text(broker.host()).varint(broker.port()).optionalText(broker.rack());
      out.varint(broker.epoch()).uuid(broker.processId());
    } else if (key instanceof RowKey.OfLane id) {
      Lane lane = image.lanes.get(id.id());
      if (lane == null) {
        return null;
      }
      out.varint(lane.owner()).varint(lane.epoch()).u8(lane.state().code());
    } else if (key instanceof RowKey.OfTopic id) {
      Topic topic = image.topics.get(id.id());
      if (topic == null) {
        return null;
      }
      write(topic, out);
    } else if (key instanceof RowKey.OfDeletedTopic id) {
      DeletedTopic topic = image.deletedTopics.get(id.id());
      if (topic == null) {
        return null;
      }
      out.text(topic.name()).varint(topic.partitionCount()).varint(topic.lanes().size());
      topic.lanes().forEach(lane -> out.varint(lane.value()));
    } else if (key instanceof RowKey.OfConfigs of) {
      TreePMap<String, String> configs = image.configs.get(of.resource());
      if (configs == null) {
        return null;
      }
      write(configs, out);
    } else if (key instanceof RowKey.OfPreferredLeader of) {
      PreferredLeader preferred = image.preferredLeaders.get(of.id());
      if (preferred == null) {
        return null;
      }
      out.varint(preferred.broker()).u8(preferred.moving() ? 1 : 0);
    }
    return out.toByteArray();
  }

  private static void write(Topic topic, MetadataOutput out) {
    out.text(topic.name()).varint(topic.replicationFactor());
    write(topic.configs(), out);
    out.varint(topic.partitionCount());
    for (Partition partition : topic.partitions()) {
      out.varint(partition.logStartOffset()).varint(partition.placements().size());
      for (Placement placement : partition.placements()) {
        out.varint(placement.leaderEpoch()).varint(placement.lane().value());
        out.varint(placement.laneEpoch()).varint(placement.startOffset());
      }
    }
  }

  static void write(Map<String, String> texts, MetadataOutput out) {
    out.varint(texts.size());
    texts.forEach((key, value) -> out.text(key).text(value));
  }

  static TreePMap<String, String> readTexts(MetadataInput in) {
    TreePMap<String, String> texts = TreePMap.empty();
    for (int i = in.count(2); i > 0; i--) {
      texts = texts.plus(in.text(), in.text());
    }
    return texts;
  }

  /** Gathers rows, in any order, to an image. Used by one thread. */
  public static final class Builder {
    private final ImageEdit edit;

    public Builder(String clusterId, long incarnation) {
      this.edit = MetadataImage.empty(clusterId, incarnation).edit();
    }

    /**
     * @throws CorruptMetadataException where the bytes are no row
     */
    public void add(ByteBuffer key, ByteBuffer value) {
      MetadataInput keyIn = new MetadataInput(key, "metadata row key");
      MetadataInput in = new MetadataInput(value, "metadata row");
      int rowVersion = in.u8();
      int kind = keyIn.u8();
      int newest = kind == COUNTERS ? COUNTERS_VERSION_WITH_EPOCH : ROW_VERSION;
      if (rowVersion < ROW_VERSION || rowVersion > newest) {
        throw in.corrupt("row version " + rowVersion);
      }
      try {
        add(kind, rowVersion, keyIn, in);
      } catch (IllegalArgumentException e) {
        throw new CorruptMetadataException("metadata row: " + e.getMessage(), e);
      }
      keyIn.end();
      in.end();
    }

    private void add(int kind, int rowVersion, MetadataInput key, MetadataInput in) {
      switch (kind) {
        case COUNTERS -> {
          edit.nextProducerId(in.varint());
          if (rowVersion >= COUNTERS_VERSION_WITH_EPOCH) {
            edit.unregisteredEpochMax(in.varint());
          }
        }
        case FEATURE -> edit.feature(key.text(), in.varint32());
        case BROKER -> {
          int id = key.i32();
          edit.put(
              new Broker(id, in.text(), in.varint32(), in.optionalText(), in.varint(), in.uuid()));
        }
        case LANE -> {
          LaneId id = new LaneId(key.i32());
          edit.put(new Lane(id, in.varint32(), in.varint(), Lane.State.ofCode(in.u8())));
        }
        case TOPIC -> addTopic(key, in);
        case DELETED_TOPIC -> {
          String name = in.text();
          int partitionCount = in.varint32();
          List<LaneId> lanes = new ArrayList<>();
          for (int i = in.count(1); i > 0; i--) {
            lanes.add(new LaneId(in.varint32()));
          }
          edit.put(new DeletedTopic(key.uuid(), name, partitionCount, lanes));
        }
        case CONFIGS -> {
          ConfigResource.Type type = ConfigResource.Type.ofCode(key.u8());
          edit.configs(new ConfigResource(type, key.text()), readTexts(in));
        }
        case PREFERRED_LEADER -> {
          PartitionId id = new PartitionId(key.uuid(), key.i32());
          edit.preferredLeader(id, new PreferredLeader(in.varint32(), in.flag()));
        }
        default -> throw key.corrupt("row kind " + kind);
      }
    }

    private void addTopic(MetadataInput key, MetadataInput in) {
      String name = in.text();
      int replicationFactor = in.varint32();
      TreePMap<String, String> configs = readTexts(in);
      int partitionCount = in.count(2 + PLACEMENT_BYTES_MIN);
      List<Partition> partitions = new ArrayList<>(partitionCount);
      for (int i = 0; i < partitionCount; i++) {
        long logStartOffset = in.varint();
        int placementCount = in.count(PLACEMENT_BYTES_MIN);
        List<Placement> placements = new ArrayList<>(placementCount);
        for (int p = 0; p < placementCount; p++) {
          placements.add(
              new Placement(in.varint32(), new LaneId(in.varint32()), in.varint(), in.varint()));
        }
        partitions.add(new Partition(placements, logStartOffset));
      }
      edit.put(new Topic(key.uuid(), name, replicationFactor, partitions, configs));
    }

    public MetadataImage build(long version) {
      return edit.image().withVersion(version);
    }
  }
}
