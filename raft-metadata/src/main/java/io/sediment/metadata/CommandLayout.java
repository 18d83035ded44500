package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import org.pcollections.TreePMap;

/**
 * Commands and their results as bytes, in the Raft log, in exports and between brokers.
 *
 * <pre>
 *   command  kind (u8), format version (u8), then the fields in the order written below
 *   result   format version (u8), then 1 and the value, whose shape the command's kind tells,
 *            or 0, rejection code (varint), message (text)
 * </pre>
 */
public final class CommandLayout {
  private static final int VERSION = 1;
  private static final int REGISTER_BROKER = 1;
  private static final int REGISTER_LANE = 2;
  private static final int OPEN_LANE = 3;
  private static final int LANE_OPENED = 4;
  private static final int CREATE_TOPICS = 5;
  private static final int DELETE_TOPICS = 6;
  private static final int DROP_DELETED_TOPICS = 7;
  private static final int CREATE_PARTITIONS = 8;
  private static final int ALTER_CONFIGS = 9;
  private static final int RAISE_LOG_STARTS = 10;
  private static final int ALLOCATE_PRODUCER_IDS = 11;
  private static final int SET_FEATURE_LEVELS = 12;
  private static final int SEAL_LANE = 13;
  private static final int LANE_SEALED = 14;
  private static final int PASS_SEALED_LANE = 15;
  private static final int DRAIN_LANE = 16;
  private static final int MOVE_PARTITIONS = 17;
  private static final int PREFER_LEADERS = 18;
  private static final int UNREGISTER_BROKER = 19;
  private static final int UUID_LENGTH = 16;

  private CommandLayout() {}

  public static byte[] encode(MetadataCommand<?> command) {
    MetadataOutput out = new MetadataOutput();
    if (command instanceof RegisterBroker c) {
      out.u8(REGISTER_BROKER).u8(VERSION).varint(c.brokerId()).uuid(c.processId());
      out.text(c.host()).varint(c.port()).optionalText(c.rack());
    } else if (command instanceof UnregisterBroker c) {
      out.u8(UNREGISTER_BROKER).u8(VERSION).varint(c.brokerId());
    } else if (command instanceof RegisterLane c) {
      out.u8(REGISTER_LANE).u8(VERSION).varint(c.lane().value()).varint(c.owner());
    } else if (command instanceof OpenLane c) {
      out.u8(OPEN_LANE).u8(VERSION).varint(c.lane().value()).varint(c.broker());
      out.varint(c.brokerEpoch());
    } else if (command instanceof LaneOpened c) {
      out.u8(LANE_OPENED).u8(VERSION).varint(c.lane().value()).varint(c.epoch());
      writeOffsets(c.endOffsets(), out);
    } else if (command instanceof SealLane c) {
      out.u8(SEAL_LANE).u8(VERSION).varint(c.lane().value()).varint(c.epochBefore());
      out.varint(c.sealer()).varint(c.sealerEpoch());
    } else if (command instanceof LaneSealed c) {
      out.u8(LANE_SEALED).u8(VERSION).varint(c.lane().value()).varint(c.epoch());
      writeOffsets(c.endOffsets(), out);
    } else if (command instanceof PassSealedLane c) {
      out.u8(PASS_SEALED_LANE).u8(VERSION).varint(c.lane().value()).varint(c.epochBefore());
      out.varint(c.owner()).varint(c.ownerEpoch());
    } else if (command instanceof DrainLane c) {
      out.u8(DRAIN_LANE).u8(VERSION).varint(c.lane().value()).varint(c.epoch());
      out.varint(c.broker()).varint(c.brokerEpoch());
    } else if (command instanceof MovePartitions c) {
      out.u8(MOVE_PARTITIONS).u8(VERSION).varint(c.lane().value()).varint(c.laneEpoch());
      out.varint(c.moves().size());
      for (MovePartitions.Move move : c.moves()) {
        out.uuid(move.partition().topicId()).varint(move.partition().partition());
        out.varint(move.leaderEpoch()).varint(move.endOffset());
        out.varint(move.target() - MovePartitions.ANY_BROKER);
      }
    } else if (command instanceof PreferLeaders c) {
      out.u8(PREFER_LEADERS).u8(VERSION).varint(c.choices().size());
      for (PreferLeaders.Choice choice : c.choices()) {
        out.uuid(choice.partition().topicId()).varint(choice.partition().partition());
        out.varint(choice.broker() - PreferLeaders.NOBODY);
      }
    } else if (command instanceof CreateTopics c) {
      out.u8(CREATE_TOPICS).u8(VERSION).varint(c.topics().size());
      for (NewTopic topic : c.topics()) {
        out.uuid(topic.id()).text(topic.name());
        out.varint(topic.partitionCount()).varint(topic.replicationFactor());
        writeNumbers(topic.leaders(), out);
        ImageLayout.write(topic.configs(), out);
      }
    } else if (command instanceof DeleteTopics c) {
      out.u8(DELETE_TOPICS).u8(VERSION);
      writeIds(c.topicIds(), out);
    } else if (command instanceof DropDeletedTopics c) {
      out.u8(DROP_DELETED_TOPICS).u8(VERSION).varint(c.lane().value());
      writeIds(c.topicIds(), out);
    } else if (command instanceof CreatePartitions c) {
      out.u8(CREATE_PARTITIONS).u8(VERSION).varint(c.topics().size());
      for (CreatePartitions.Growth growth : c.topics()) {
        out.uuid(growth.topicId()).varint(growth.partitionCount());
        writeNumbers(growth.leaders(), out);
      }
    } else if (command instanceof AlterConfigs c) {
      out.u8(ALTER_CONFIGS).u8(VERSION).varint(c.changes().size());
      for (AlterConfigs.Change change : c.changes()) {
        out.u8(change.resource().type().code()).text(change.resource().name());
        out.u8(change.replaceAll() ? 1 : 0).varint(change.ops().size());
        change.ops().forEach(op -> out.text(op.key()).optionalText(op.value()));
      }
    } else if (command instanceof RaiseLogStarts c) {
      out.u8(RAISE_LOG_STARTS).u8(VERSION);
      writeOffsets(c.logStartOffsets(), out);
    } else if (command instanceof AllocateProducerIds c) {
      out.u8(ALLOCATE_PRODUCER_IDS).u8(VERSION).varint(c.broker());
      out.varint(c.brokerEpoch()).varint(c.count());
    } else if (command instanceof SetFeatureLevels c) {
      out.u8(SET_FEATURE_LEVELS).u8(VERSION).varint(c.levels().size());
      c.levels().forEach((name, level) -> out.text(name).varint(level));
    }
    return out.toByteArray();
  }

  /**
   * @throws CorruptMetadataException where the bytes are no command that this version knows
   */
  public static MetadataCommand<?> decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "metadata command");
    int kind = in.u8();
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("kind " + kind + " in format version " + version + ", known " + VERSION);
    }
    try {
      MetadataCommand<?> command = decode(kind, in);
      in.end();
      return command;
    } catch (IllegalArgumentException e) {
      throw new CorruptMetadataException("metadata command: " + e.getMessage(), e);
    }
  }

  private static MetadataCommand<?> decode(int kind, MetadataInput in) {
    return switch (kind) {
      case REGISTER_BROKER ->
          new RegisterBroker(in.varint32(), in.uuid(), in.text(), in.varint32(), in.optionalText());
      case UNREGISTER_BROKER -> new UnregisterBroker(in.varint32());
      case REGISTER_LANE -> new RegisterLane(new LaneId(in.varint32()), in.varint32());
      case OPEN_LANE -> new OpenLane(new LaneId(in.varint32()), in.varint32(), in.varint());
      case LANE_OPENED -> new LaneOpened(new LaneId(in.varint32()), in.varint(), readOffsets(in));
      case SEAL_LANE ->
          new SealLane(new LaneId(in.varint32()), in.varint(), in.varint32(), in.varint());
      case LANE_SEALED -> new LaneSealed(new LaneId(in.varint32()), in.varint(), readOffsets(in));
      case PASS_SEALED_LANE ->
          new PassSealedLane(new LaneId(in.varint32()), in.varint(), in.varint32(), in.varint());
      case DRAIN_LANE ->
          new DrainLane(new LaneId(in.varint32()), in.varint(), in.varint32(), in.varint());
      case MOVE_PARTITIONS ->
          new MovePartitions(
              new LaneId(in.varint32()),
              in.varint(),
              readList(
                  in,
                  UUID_LENGTH + 4,
                  i ->
                      new MovePartitions.Move(
                          new PartitionId(i.uuid(), i.varint32()),
                          i.varint32(),
                          i.varint(),
                          i.varint32() + MovePartitions.ANY_BROKER)));
      case PREFER_LEADERS ->
          new PreferLeaders(
              readList(
                  in,
                  UUID_LENGTH + 2,
                  i ->
                      new PreferLeaders.Choice(
                          new PartitionId(i.uuid(), i.varint32()),
                          i.varint32() + PreferLeaders.NOBODY)));
      case CREATE_TOPICS ->
          new CreateTopics(
              readList(
                  in,
                  UUID_LENGTH + 5,
                  i ->
                      new NewTopic(
                          i.uuid(),
                          i.text(),
                          i.varint32(),
                          i.varint32(),
                          readList(i, 1, MetadataInput::varint32),
                          ImageLayout.readTexts(i))));
      case DELETE_TOPICS -> new DeleteTopics(readList(in, UUID_LENGTH, MetadataInput::uuid));
      case DROP_DELETED_TOPICS ->
          new DropDeletedTopics(
              new LaneId(in.varint32()), readList(in, UUID_LENGTH, MetadataInput::uuid));
      case CREATE_PARTITIONS ->
          new CreatePartitions(
              readList(
                  in,
                  UUID_LENGTH + 2,
                  i ->
                      new CreatePartitions.Growth(
                          i.uuid(), i.varint32(), readList(i, 1, MetadataInput::varint32))));
      case ALTER_CONFIGS -> new AlterConfigs(readList(in, 4, CommandLayout::readChange));
      case RAISE_LOG_STARTS -> new RaiseLogStarts(readOffsets(in));
      case ALLOCATE_PRODUCER_IDS ->
          new AllocateProducerIds(in.varint32(), in.varint(), in.varint32());
      case SET_FEATURE_LEVELS -> {
        TreePMap<String, Integer> levels = TreePMap.empty();
        for (int i = in.count(2); i > 0; i--) {
          levels = levels.plus(in.text(), in.varint32());
        }
        yield new SetFeatureLevels(levels);
      }
      default -> throw in.corrupt("command kind " + kind);
    };
  }

  private static AlterConfigs.Change readChange(MetadataInput in) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.ofCode(in.u8()), in.text());
    boolean replaceAll = in.flag();
    return new AlterConfigs.Change(
        resource,
        replaceAll,
        readList(in, 2, i -> new AlterConfigs.Op(i.text(), i.optionalText())));
  }

  /** Encodes the answer that {@code command} got. */
  public static <R> byte[] encodeResult(MetadataCommand<R> command, CommandResult<R> result) {
    MetadataOutput out = new MetadataOutput().u8(VERSION);
    writeResult(result, out, value -> writeValue(value, out));
    return out.toByteArray();
  }

  /** Decodes the answer to {@code command}. */
  @SuppressWarnings("unchecked") // The kind of command tells the type of its value.
  public static <R> CommandResult<R> decodeResult(MetadataCommand<R> command, ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "metadata command result");
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("format version " + version + ", known " + VERSION);
    }
    CommandResult<R> result = readResult(in, i -> (R) readValue(command, i));
    in.end();
    return result;
  }

  private static <V> void writeResult(
      CommandResult<V> result, MetadataOutput out, Consumer<V> writer) {
    if (result instanceof CommandResult.Accepted<V> accepted) {
      out.u8(1);
      writer.accept(accepted.value());
    } else if (result instanceof CommandResult.Rejected<V> rejected) {
      out.u8(0).varint(rejected.code().code()).text(rejected.message());
    }
  }

  private static <V> CommandResult<V> readResult(
      MetadataInput in, Function<MetadataInput, V> reader) {
    return in.flag()
        ? CommandResult.accepted(reader.apply(in))
        : CommandResult.rejected(RejectionCode.ofCode(in.varint32()), in.text());
  }

  private static void writeValue(Object value, MetadataOutput out) {
    if (value instanceof List<?> results) {
      out.varint(results.size());
      for (Object result : results) {
        writeResult((CommandResult<?>) result, out);
      }
    } else if (value instanceof Number number) {
      out.varint(number.longValue());
    } else if (value instanceof String text) {
      out.text(text);
    } else if (value instanceof CreatedTopic topic) {
      out.uuid(topic.id()).text(topic.name());
      out.varint(topic.partitionCount()).varint(topic.replicationFactor());
    } else if (value instanceof AllocateProducerIds.Block block) {
      out.varint(block.first()).varint(block.count());
    }
  }

  private static <V> void writeResult(CommandResult<V> result, MetadataOutput out) {
    writeResult(result, out, value -> writeValue(value, out));
  }

  private static Object readValue(MetadataCommand<?> command, MetadataInput in) {
    if (command instanceof RegisterBroker
        || command instanceof OpenLane
        || command instanceof SealLane
        || command instanceof PassSealedLane) {
      return in.varint();
    } else if (command instanceof LaneOpened
        || command instanceof LaneSealed
        || command instanceof MovePartitions
        || command instanceof DropDeletedTopics
        || command instanceof RaiseLogStarts) {
      return in.varint32();
    } else if (command instanceof CreateTopics) {
      return readList(
          in,
          1,
          i ->
              readResult(i, v -> new CreatedTopic(v.uuid(), v.text(), v.varint32(), v.varint32())));
    } else if (command instanceof DeleteTopics) {
      return readList(in, 1, i -> readResult(i, MetadataInput::text));
    } else if (command instanceof CreatePartitions) {
      return readList(in, 1, i -> readResult(i, MetadataInput::varint32));
    } else if (command instanceof AlterConfigs || command instanceof PreferLeaders) {
      return readList(in, 1, i -> readResult(i, v -> Done.DONE));
    } else if (command instanceof AllocateProducerIds) {
      return new AllocateProducerIds.Block(in.varint(), in.varint32());
    }
    return Done.DONE;
  }

  private static void writeIds(List<UUID> ids, MetadataOutput out) {
    out.varint(ids.size());
    ids.forEach(out::uuid);
  }

  private static void writeNumbers(List<Integer> numbers, MetadataOutput out) {
    out.varint(numbers.size());
    numbers.forEach(out::varint);
  }

  /** Per topic its id, the number of partitions named, and of each its number and offset. */
  private static void writeOffsets(Map<PartitionId, Long> offsets, MetadataOutput out) {
    Map<UUID, Map<Integer, Long>> byTopic = new TreeMap<>();
    offsets.forEach(
        (id, offset) ->
            byTopic
                .computeIfAbsent(id.topicId(), any -> new TreeMap<>())
                .put(id.partition(), offset));
    out.varint(byTopic.size());
    byTopic.forEach(
        (topicId, partitions) -> {
          out.uuid(topicId).varint(partitions.size());
          partitions.forEach((partition, offset) -> out.varint(partition).varint(offset));
        });
  }

  private static Map<PartitionId, Long> readOffsets(MetadataInput in) {
    Map<PartitionId, Long> offsets = new TreeMap<>();
    for (int topics = in.count(UUID_LENGTH + 1); topics > 0; topics--) {
      UUID topicId = in.uuid();
      for (int partitions = in.count(2); partitions > 0; partitions--) {
        offsets.put(new PartitionId(topicId, in.varint32()), in.varint());
      }
    }
    return offsets;
  }

  private static <V> List<V> readList(
      MetadataInput in, int bytesEachMin, Function<MetadataInput, V> reader) {
    int count = in.count(bytesEachMin);
    List<V> values = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      values.add(reader.apply(in));
    }
    return values;
  }
}
