package io.sediment.lsm.object;

import static io.sediment.lsm.object.SortedObjectLayout.ABORTED_TXN_SIZE_MIN;
import static io.sediment.lsm.object.SortedObjectLayout.BLOCK_SIZE_MIN;
import static io.sediment.lsm.object.SortedObjectLayout.HEADER_SIZE;
import static io.sediment.lsm.object.SortedObjectLayout.SECTION_SIZE_MIN;
import static io.sediment.lsm.object.SortedObjectLayout.SHAPE_ABORTED_TXNS;
import static io.sediment.lsm.object.SortedObjectLayout.SHAPE_FIELDS;
import static io.sediment.lsm.object.SortedObjectLayout.SHAPE_KNOWN;
import static io.sediment.lsm.object.SortedObjectLayout.SHAPE_PRODUCERS;
import static io.sediment.lsm.object.SortedObjectLayout.TOPIC_SIZE_MIN;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.ExtensionFields;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Spells and reads the footer that {@link SortedObjectLayout} draws. */
final class SortedObjectFooter {
  /** Tag of the extension field with {@link SortedObject#ackedSeq}, a varint. */
  private static final int ACKED_SEQ = 2;

  private SortedObjectFooter() {}

  /** What a footer says besides the header. */
  record Content(List<Section> sections, long ackedSeq) {}

  static ByteBuffer encode(ByteBuffer header, List<Section> sections, long ackedSeq) {
    ByteWriter out = new ByteWriter(HEADER_SIZE + 64 + sections.size() * 48);
    out.bytes(header);
    long baseTimestamp = sections.isEmpty() ? 0 : sections.get(0).blocks().get(0).maxTimestamp();
    out.zigzag(baseTimestamp);
    int topics = 0;
    UUID topic = null;
    for (Section section : sections) {
      if (!section.partition().topicId().equals(topic)) {
        topic = section.partition().topicId();
        topics++;
      }
    }
    out.varint(topics);
    for (int from = 0; from < sections.size(); ) {
      UUID topicId = sections.get(from).partition().topicId();
      int to = from;
      while (to < sections.size() && sections.get(to).partition().topicId().equals(topicId)) {
        to++;
      }
      out.uuid(topicId);
      out.varint(to - from);
      int expectedPartition = 0;
      for (Section section : sections.subList(from, to)) {
        int partition = section.partition().partition();
        out.varint(partition - expectedPartition);
        expectedPartition = partition + 1;
        encodeSection(out, section, baseTimestamp);
      }
      from = to;
    }
    fields(ackedSeq).encode(out);
    return out.toBuffer();
  }

  private static ExtensionFields fields(long ackedSeq) {
    if (ackedSeq == 0) {
      return ExtensionFields.NONE;
    }
    ByteWriter value = new ByteWriter(8);
    value.varint(ackedSeq);
    ByteBuffer bytes = value.toBuffer();
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return ExtensionFields.NONE.with(ACKED_SEQ, copy);
  }

  private static void encodeSection(ByteWriter out, Section section, long baseTimestamp) {
    boolean hasProducers = !section.producers().isEmpty();
    boolean hasAbortedTxns = !section.abortedTxns().isEmpty();
    out.u8((hasProducers ? SHAPE_PRODUCERS : 0) | (hasAbortedTxns ? SHAPE_ABORTED_TXNS : 0));
    out.varint(section.blocks().size());
    out.varint(section.baseOffset());
    Block first = section.blocks().get(0);
    out.zigzag(first.leaderEpoch());
    long expectedOffset = first.baseOffset();
    long timestamp = baseTimestamp;
    int leaderEpoch = first.leaderEpoch();
    for (Block block : section.blocks()) {
      out.varint(block.baseOffset() - expectedOffset);
      out.varint(block.lastOffset() - block.baseOffset());
      out.varint(block.length());
      out.zigzag(block.maxTimestamp() - timestamp);
      out.varint((long) block.leaderEpoch() - leaderEpoch);
      out.i32(block.crc32c());
      expectedOffset = block.lastOffset() + 1;
      timestamp = block.maxTimestamp();
      leaderEpoch = block.leaderEpoch();
    }
    if (hasProducers) {
      ProducerCodec.encode(out, section.producers(), baseTimestamp);
    }
    if (hasAbortedTxns) {
      out.varint(section.abortedTxns().size());
      for (AbortedTxn txn : section.abortedTxns()) {
        out.varint(txn.producerId());
        out.varint(txn.firstOffset());
        out.varint(txn.lastOffset() - txn.firstOffset());
        out.zigzag(txn.lastStableOffset());
      }
    }
  }

  /**
   * @param in at the first byte after the header's copy
   * @param end position of the footer: where the last block must end
   */
  static Content decode(ByteReader in, long end) {
    long baseTimestamp = in.zigzag();
    int topics = in.count(TOPIC_SIZE_MIN, "topics");
    List<Section> sections = new ArrayList<>();
    long position = HEADER_SIZE;
    UUID previousTopic = null;
    for (int t = 0; t < topics; t++) {
      UUID topicId = in.uuid();
      if (previousTopic != null && previousTopic.compareTo(topicId) >= 0) {
        throw in.corrupt("topic " + topicId + " after topic " + previousTopic);
      }
      previousTopic = topicId;
      int count = in.count(SECTION_SIZE_MIN, "sections");
      if (count == 0) {
        throw in.corrupt("topic without sections: " + topicId);
      }
      long expectedPartition = 0;
      for (int s = 0; s < count; s++) {
        long partition = in.sum(expectedPartition, in.naturalInt("partition"), "partition");
        if (partition > Integer.MAX_VALUE) {
          throw in.corrupt("partition=" + partition);
        }
        expectedPartition = partition + 1;
        Section section =
            decodeSection(in, new PartitionId(topicId, (int) partition), position, baseTimestamp);
        position = section.position() + section.length();
        sections.add(section);
      }
    }
    long ackedSeq = ackedSeq(ExtensionFields.decode(in, Set.of()));
    in.end();
    if (position != end) {
      throw in.corrupt("blocks end at=" + position + " footer begins at=" + end);
    }
    return new Content(sections, ackedSeq);
  }

  private static long ackedSeq(ExtensionFields fields) {
    ByteBuffer value = fields.get(ACKED_SEQ);
    if (value == null) {
      return 0;
    }
    ByteReader in = new ByteReader(value, "acked seq");
    long seq = in.natural("acked seq");
    in.end();
    return seq;
  }

  private static Section decodeSection(
      ByteReader in, PartitionId partition, long sectionPosition, long baseTimestamp) {
    int shape = in.u8();
    if ((shape & ~SHAPE_KNOWN) != 0) {
      throw in.corrupt("section shape=" + shape);
    }
    int count = in.count(BLOCK_SIZE_MIN, "blocks");
    if (count == 0) {
      throw in.corrupt("section without blocks: " + partition);
    }
    long offset = in.natural("baseOffset");
    long leaderEpoch = in.zigzag();
    long position = sectionPosition;
    long timestamp = baseTimestamp;
    List<Block> blocks = new ArrayList<>(count);
    for (int b = 0; b < count; b++) {
      long gap = in.natural("offsetGap");
      if (b == 0 && gap != 0) {
        throw in.corrupt("offsetGap=" + gap + " before the first block of " + partition);
      }
      long baseOffset = in.sum(offset, gap, "baseOffset");
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
      blocks.add(
          new Block(
              baseOffset, lastOffset, position, length, timestamp, (int) leaderEpoch, in.i32()));
      position = in.sum(position, length, "position");
    }
    List<ProducerEntry> producers =
        (shape & SHAPE_PRODUCERS) == 0 ? List.of() : ProducerCodec.decode(in, baseTimestamp);
    List<AbortedTxn> aborted =
        (shape & SHAPE_ABORTED_TXNS) == 0 ? List.of() : decodeAbortedTxns(in);
    if ((shape & SHAPE_FIELDS) != 0) {
      ExtensionFields.decode(in, Set.of());
    }
    return new Section(partition, blocks, producers, aborted);
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
