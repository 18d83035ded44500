package io.sediment.lsm.run;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.Envelope;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.ProducerCodec;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectKey;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The directory of a run in the store: magic "SEDIDIRY", version 1, {@link Envelope} around
 *
 * <pre>
 * lane, epoch, number, retentionClass   varint
 * objectCount      varint, then each
 *    kind            1   see SortedObjectKind
 *    epoch, number, length   varint
 *    footerCrc       4
 * baseTimestamp    zigzag, what timestamps are relative to
 * topicCount       varint, then each, ascending: topicId 16, sectionCount varint, section*
 * fields           see ExtensionFields
 *
 * section  :=  partition          varint; after the first of a topic: minus the previous, minus 1
 *              shape          1   bits: 1 producers, 2 aborted transactions, 4 fields
 *              fromOffset         varint
 *              blockCount         varint
 *              [leaderEpoch       zigzag, of the first block; absent without blocks]
 *              block*
 *              offsetsAfter       varint, toOffset minus the end of the last block (or fromOffset)
 *              [changesEpoch      varint, 0 for a snapshot; producers as in SortedObjectLayout]
 *              [abortedCount      varint, aborted* as in SortedObjectLayout]
 *              [fields            see ExtensionFields]
 *
 * block    :=  offsetGap          varint, offsets missing before it, after fromOffset
 *              lastOffsetDelta    varint
 *              length             varint
 *              maxTimestamp       zigzag, minus the previous block's (first: minus baseTimestamp)
 *              epochDelta         varint
 *              crc32c         4   of the block's bytes
 *              place              varint: 0 where the block before it ends, be it another section's;
 *                                 else 1 + number of its object, followed by position varint
 * </pre>
 */
public final class DirectoryLayout {
  private static final Envelope ENVELOPE = new Envelope(0x5345444944495259L, 1, "directory");

  private static final int SHAPE_PRODUCERS = 1;
  private static final int SHAPE_ABORTED_TXNS = 2;
  private static final int SHAPE_FIELDS = 4;
  private static final int SHAPE_KNOWN = SHAPE_PRODUCERS | SHAPE_ABORTED_TXNS | SHAPE_FIELDS;

  private static final int OBJECT_SIZE_MIN = 8;
  private static final int TOPIC_SIZE_MIN = 17;
  private static final int SECTION_SIZE_MIN = 5;
  private static final int BLOCK_SIZE_MIN = 10;
  private static final int ABORTED_TXN_SIZE_MIN = 4;

  private DirectoryLayout() {}

  /** Where the next block lies if it lies behind the one before. */
  private static final class Place {
    int object = -1;
    long position;
  }

  // -- writing -----------------------------------------------------------------------------------

  public static ByteBuffer encode(Directory directory) {
    ByteWriter out = ENVELOPE.open(128 + directory.sections().size() * 48);
    out.varint(directory.lane().value());
    out.varint(directory.epoch());
    out.varint(directory.number());
    out.varint(directory.retentionClass());
    out.varint(directory.objects().size());
    for (DataRef object : directory.objects()) {
      out.u8(object.kind().code());
      out.varint(object.epoch());
      out.varint(object.number());
      out.varint(object.length());
      out.i32(object.footerCrc());
    }
    List<RunSection> sections = directory.sections();
    long baseTimestamp =
        sections.stream()
            .filter(section -> !section.blocks().isEmpty())
            .findFirst()
            .map(section -> section.blocks().get(0).block().maxTimestamp())
            .orElse(0L);
    out.zigzag(baseTimestamp);
    out.varint(sections.stream().map(it -> it.partition().topicId()).distinct().count());
    Place place = new Place();
    for (int from = 0; from < sections.size(); ) {
      UUID topicId = sections.get(from).partition().topicId();
      int to = from;
      while (to < sections.size() && sections.get(to).partition().topicId().equals(topicId)) {
        to++;
      }
      out.uuid(topicId);
      out.varint(to - from);
      int expected = 0;
      for (RunSection section : sections.subList(from, to)) {
        out.varint(section.partition().partition() - expected);
        expected = section.partition().partition() + 1;
        encodeSection(out, section, baseTimestamp, place);
      }
      from = to;
    }
    ExtensionFields.NONE.encode(out);
    return ENVELOPE.seal(out);
  }

  /** How a manifest names {@code directory}, stored as {@code encoded}. */
  public static RunRef refOf(Directory directory, ByteBuffer encoded) {
    return directory.ref(encoded.remaining(), Envelope.checksumOf(encoded));
  }

  private static void encodeSection(
      ByteWriter out, RunSection section, long baseTimestamp, Place place) {
    boolean hasProducers = !section.producers().isEmpty();
    boolean hasAborted = !section.abortedTxns().isEmpty();
    boolean hasFields = !section.fields().isEmpty();
    out.u8(
        (hasProducers ? SHAPE_PRODUCERS : 0)
            | (hasAborted ? SHAPE_ABORTED_TXNS : 0)
            | (hasFields ? SHAPE_FIELDS : 0));
    out.varint(section.fromOffset());
    out.varint(section.blocks().size());
    long offset = section.fromOffset();
    long timestamp = baseTimestamp;
    int leaderEpoch = 0;
    if (!section.blocks().isEmpty()) {
      leaderEpoch = section.blocks().get(0).block().leaderEpoch();
      out.zigzag(leaderEpoch);
    }
    for (RunBlock each : section.blocks()) {
      Block block = each.block();
      out.varint(block.baseOffset() - offset);
      out.varint(block.lastOffset() - block.baseOffset());
      out.varint(block.length());
      out.zigzag(block.maxTimestamp() - timestamp);
      out.varint((long) block.leaderEpoch() - leaderEpoch);
      out.i32(block.crc32c());
      if (each.object() == place.object && block.position() == place.position) {
        out.varint(0);
      } else {
        out.varint(1 + each.object());
        out.varint(block.position());
      }
      place.object = each.object();
      place.position = block.position() + block.length();
      offset = block.lastOffset() + 1;
      timestamp = block.maxTimestamp();
      leaderEpoch = block.leaderEpoch();
    }
    out.varint(section.toOffset() - offset);
    if (hasProducers) {
      out.varint(section.producers().changesEpoch());
      ProducerCodec.encode(out, section.producers().entries(), baseTimestamp);
    }
    if (hasAborted) {
      out.varint(section.abortedTxns().size());
      for (AbortedTxn txn : section.abortedTxns()) {
        out.varint(txn.producerId());
        out.varint(txn.firstOffset());
        out.varint(txn.lastOffset() - txn.firstOffset());
        out.zigzag(txn.lastStableOffset());
      }
    }
    if (hasFields) {
      section.fields().encode(out);
    }
  }

  // -- reading -----------------------------------------------------------------------------------

  /**
   * @param bytes the whole object
   */
  public static Directory decode(LaneId lane, RunRef ref, ByteBuffer bytes) {
    ObjectKey key = ref.key(lane);
    ByteReader in = ENVELOPE.read(bytes, key);
    if (bytes.remaining() != ref.length() || Envelope.checksumOf(bytes) != ref.checksum()) {
      throw in.corrupt(
          "is not the one in the manifest: length=" + bytes.remaining() + " expected=" + ref);
    }
    Directory directory = decode(in, key);
    if (!directory.lane().equals(lane)
        || directory.epoch() != ref.epoch()
        || directory.number() != ref.number()
        || !directory.objects().equals(ref.objects())) {
      throw in.corrupt(
          "holds lane="
              + directory.lane()
              + " epoch="
              + directory.epoch()
              + " number="
              + directory.number()
              + " objects="
              + directory.objects()
              + " expected="
              + ref);
    }
    return directory;
  }

  /** Decodes a directory without a manifest at hand, as tools do. */
  public static Directory decode(ObjectKey key, ByteBuffer bytes) {
    return decode(ENVELOPE.read(bytes, key), key);
  }

  private static Directory decode(ByteReader in, ObjectKey key) {
    try {
      LaneId lane = new LaneId(in.naturalInt("lane"));
      long epoch = in.natural("epoch");
      long number = in.natural("number");
      int retentionClass = in.naturalInt("retentionClass");
      List<DataRef> objects = decodeObjects(in);
      List<RunSection> sections = decodeSections(in, objects);
      ExtensionFields.decode(in, Set.of());
      in.end();
      return new Directory(lane, epoch, number, retentionClass, objects, sections);
    } catch (IllegalArgumentException e) {
      throw new CorruptObjectException("directory " + key + ": " + e.getMessage(), e);
    }
  }

  private static List<DataRef> decodeObjects(ByteReader in) {
    int count = in.count(OBJECT_SIZE_MIN, "objects");
    List<DataRef> objects = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      SortedObjectKind kind = SortedObjectKind.ofCode((byte) in.u8());
      if (kind == null) {
        throw in.corrupt("object of unknown kind");
      }
      objects.add(
          new DataRef(
              kind,
              in.natural("object epoch"),
              in.natural("object number"),
              in.natural("object length"),
              in.i32()));
    }
    return objects;
  }

  private static List<RunSection> decodeSections(ByteReader in, List<DataRef> objects) {
    long baseTimestamp = in.zigzag();
    List<RunSection> sections = new ArrayList<>();
    Place place = new Place();
    for (int topics = in.count(TOPIC_SIZE_MIN, "topics"); topics > 0; topics--) {
      UUID topicId = in.uuid();
      long expected = 0;
      for (int count = in.count(SECTION_SIZE_MIN, "sections"); count > 0; count--) {
        long partition = in.sum(expected, in.naturalInt("partition"), "partition");
        if (partition > Integer.MAX_VALUE) {
          throw in.corrupt("partition=" + partition);
        }
        expected = partition + 1;
        sections.add(
            decodeSection(
                in, new PartitionId(topicId, (int) partition), baseTimestamp, objects, place));
      }
    }
    return sections;
  }

  private static RunSection decodeSection(
      ByteReader in,
      PartitionId partition,
      long baseTimestamp,
      List<DataRef> objects,
      Place place) {
    int shape = in.u8();
    if ((shape & ~SHAPE_KNOWN) != 0) {
      throw in.corrupt("section shape=" + shape);
    }
    long fromOffset = in.natural("fromOffset");
    int count = in.count(BLOCK_SIZE_MIN, "blocks");
    long leaderEpoch = count > 0 ? in.zigzag() : 0;
    long offset = fromOffset;
    long timestamp = baseTimestamp;
    List<RunBlock> blocks = new ArrayList<>(count);
    for (int b = 0; b < count; b++) {
      long baseOffset = in.sum(offset, in.natural("offsetGap"), "baseOffset");
      long lastOffset = in.sum(baseOffset, in.natural("lastOffsetDelta"), "lastOffset");
      offset = in.sum(lastOffset, 1, "nextOffset");
      int length = in.naturalInt("block length");
      if (length == 0) {
        throw in.corrupt("empty block in " + partition);
      }
      long blockTimestamp = timestamp + in.zigzag();
      if (b > 0 && blockTimestamp < timestamp) {
        throw in.corrupt("maxTimestamp=" + blockTimestamp + " falls below " + timestamp);
      }
      timestamp = blockTimestamp;
      leaderEpoch += in.naturalInt("epochDelta");
      if (leaderEpoch != (int) leaderEpoch) {
        throw in.corrupt("leaderEpoch=" + leaderEpoch);
      }
      int crc = in.i32();
      readPlace(in, objects, place);
      long end = in.sum(place.position, length, "position");
      if (end > objects.get(place.object).length()) {
        throw in.corrupt("block ends at=" + end + " beyond " + objects.get(place.object));
      }
      blocks.add(
          new RunBlock(
              new Block(
                  baseOffset,
                  lastOffset,
                  place.position,
                  length,
                  timestamp,
                  (int) leaderEpoch,
                  crc),
              place.object));
      place.position = end;
    }
    long toOffset = in.sum(offset, in.natural("offsetsAfter"), "toOffset");
    RunProducers producers =
        (shape & SHAPE_PRODUCERS) == 0
            ? RunProducers.NONE
            : new RunProducers(in.natural("changesEpoch"), ProducerCodec.decode(in, baseTimestamp));
    List<AbortedTxn> aborted =
        (shape & SHAPE_ABORTED_TXNS) == 0 ? List.of() : decodeAbortedTxns(in);
    ExtensionFields fields =
        (shape & SHAPE_FIELDS) == 0 ? ExtensionFields.NONE : ExtensionFields.decode(in, Set.of());
    return new RunSection(partition, fromOffset, toOffset, blocks, producers, aborted, fields);
  }

  private static void readPlace(ByteReader in, List<DataRef> objects, Place place) {
    int object = (int) in.varintUpTo(objects.size(), "place");
    if (object > 0) {
      place.object = object - 1;
      place.position = in.natural("position");
    } else if (place.object < 0) {
      throw in.corrupt("the first block lies behind nothing");
    }
  }

  private static List<AbortedTxn> decodeAbortedTxns(ByteReader in) {
    int count = in.count(ABORTED_TXN_SIZE_MIN, "aborted transactions");
    List<AbortedTxn> txns = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long producerId = in.natural("producerId");
      long firstOffset = in.natural("firstOffset");
      long lastOffset = in.sum(firstOffset, in.natural("lastOffset"), "lastOffset");
      txns.add(new AbortedTxn(producerId, firstOffset, lastOffset, in.zigzag()));
    }
    return txns;
  }
}
