package io.sediment.lsm.manifest;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.Envelope;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.ProducerCodec;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectKey;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A partition table in the store: magic "SEDITABL", version 1, {@link Envelope} around
 *
 * <pre>
 * lane, epoch, number   varint
 * baseTimestamp    zigzag, what timestamps are relative to
 * snapshotCount    varint, then each object with producer snapshots:
 *    kind            1, epoch varint, number varint
 * topicCount       varint, then each
 *    topicId        16
 *    rowCount         varint, then each, by partition
 *      partition        varint; after the first: minus the previous, minus 1
 *      nextOffset       varint
 *      lastLeaderEpoch  zigzag
 *      maxTimestamp     zigzag, minus baseTimestamp
 *      bytes            varint
 *      snapshot         varint: 0 none, else 1 + place in the list of objects
 * fields           see ExtensionFields; 2: what producers did since the snapshots; 4: the rows
 *                  whose snapshots are all that is known of producers, as varints: how many, the
 *                  first one's place among all rows, then places minus the previous, minus 1
 *
 * producer changes, absent in tables of older versions, where nothing is known of any row:
 *    rowCount        varint, of rows of which there is more to say than that nothing was changed
 *    row             varint, its place among all rows; after the first: minus the previous, minus 1
 *    producers       as in SortedObjectLayout; none where they are not known
 * </pre>
 */
public final class PartitionTableLayout {
  private static final Envelope ENVELOPE = new Envelope(0x534544495441424cL, 1, "partition table");
  private static final int SNAPSHOT_REF_SIZE_MIN = 3;
  private static final int TOPIC_SIZE_MIN = 17;
  private static final int ROW_SIZE_MIN = 6;
  private static final int PRODUCER_CHANGES = 2;
  private static final int CHANGED_ROW_SIZE_MIN = 2;
  private static final int INHERITED_ROWS = 4;

  private PartitionTableLayout() {}

  public static ByteBuffer encode(PartitionTable table) {
    ByteWriter out = ENVELOPE.open(64 + table.rows().size() * 24);
    out.varint(table.lane().value());
    out.varint(table.epoch());
    out.varint(table.number());
    long baseTimestamp =
        table.rows().values().stream().findFirst().map(Row::maxTimestamp).orElse(0L);
    out.zigzag(baseTimestamp);
    Map<SnapshotRef, Integer> snapshots = snapshots(table);
    out.varint(snapshots.size());
    for (SnapshotRef snapshot : snapshots.keySet()) {
      out.u8(snapshot.kind().code());
      out.varint(snapshot.epoch());
      out.varint(snapshot.number());
    }
    Map<UUID, SortedMap<PartitionId, Row>> topics = new LinkedHashMap<>();
    table
        .rows()
        .forEach(
            (partition, row) ->
                topics
                    .computeIfAbsent(partition.topicId(), id -> new TreeMap<>())
                    .put(partition, row));
    out.varint(topics.size());
    topics.forEach(
        (topicId, rows) -> {
          out.uuid(topicId);
          out.varint(rows.size());
          int expected = 0;
          for (Map.Entry<PartitionId, Row> entry : rows.entrySet()) {
            Row row = entry.getValue();
            out.varint(entry.getKey().partition() - expected);
            expected = entry.getKey().partition() + 1;
            out.varint(row.nextOffset());
            out.zigzag(row.lastLeaderEpoch());
            out.zigzag(row.maxTimestamp() - baseTimestamp);
            out.varint(row.bytes());
            SnapshotRef producers = row.producers();
            out.varint(producers == null ? 0 : 1 + snapshots.getOrDefault(producers, 0));
          }
        });
    ExtensionFields.NONE
        .with(PRODUCER_CHANGES, producerChanges(table.rows().values(), baseTimestamp))
        .with(INHERITED_ROWS, inheritedRows(table.rows().values()))
        .encode(out);
    return ENVELOPE.seal(out);
  }

  private static byte[] inheritedRows(Collection<Row> rows) {
    ByteWriter out = new ByteWriter(2 + rows.size());
    out.varint(rows.stream().filter(Row::isInherited).count());
    int place = 0;
    int expected = 0;
    for (Row row : rows) {
      if (row.isInherited()) {
        out.varint(place - expected);
        expected = place + 1;
      }
      place++;
    }
    return out.toByteArray();
  }

  private static byte[] producerChanges(Collection<Row> rows, long baseTimestamp) {
    ByteWriter out = new ByteWriter(64);
    out.varint(rows.stream().filter(PartitionTableLayout::hasMoreToSay).count());
    int place = 0;
    int expected = 0;
    for (Row row : rows) {
      if (hasMoreToSay(row)) {
        out.varint(place - expected);
        expected = place + 1;
        ProducerCodec.encode(out, row.sinceSnapshot().entries(), baseTimestamp);
      }
      place++;
    }
    return out.toByteArray();
  }

  private static boolean hasMoreToSay(Row row) {
    return !row.sinceSnapshot().equals(ProducerChanges.NONE);
  }

  /** How a manifest names {@code table}, stored as {@code encoded}. */
  public static TableRef refOf(PartitionTable table, ByteBuffer encoded) {
    return new TableRef(
        table.epoch(), table.number(), encoded.remaining(), Envelope.checksumOf(encoded));
  }

  /**
   * @param bytes the whole object
   */
  public static PartitionTable decode(LaneId lane, TableRef ref, ByteBuffer bytes) {
    ObjectKey key = ref.key(lane);
    ByteReader in = ENVELOPE.read(bytes, key);
    if (bytes.remaining() != ref.length() || Envelope.checksumOf(bytes) != ref.checksum()) {
      throw in.corrupt(
          "is not the one in the manifest: length=" + bytes.remaining() + " expected=" + ref);
    }
    return decode(in, key);
  }

  /** Decodes a table without a manifest at hand, as tools do. */
  public static PartitionTable decode(ObjectKey key, ByteBuffer bytes) {
    return decode(ENVELOPE.read(bytes, key), key);
  }

  private static PartitionTable decode(ByteReader in, ObjectKey key) {
    try {
      PartitionTable table = decode(in);
      in.end();
      if (!new LaneKeys(table.lane())
          .data(table.epoch(), table.number(), DataKind.TABLE)
          .equals(key)) {
        throw in.corrupt(
            "holds lane=" + table.lane() + " epoch=" + table.epoch() + " n=" + table.number());
      }
      return table;
    } catch (IllegalArgumentException e) {
      throw new CorruptObjectException("partition table " + key + ": " + e.getMessage(), e);
    }
  }

  private static Map<SnapshotRef, Integer> snapshots(PartitionTable table) {
    Map<SnapshotRef, Integer> snapshots = new LinkedHashMap<>();
    for (Row row : table.rows().values()) {
      if (row.producers() != null) {
        snapshots.putIfAbsent(row.producers(), snapshots.size());
      }
    }
    return snapshots;
  }

  private static PartitionTable decode(ByteReader in) {
    LaneId lane = new LaneId(in.naturalInt("lane"));
    long epoch = in.natural("epoch");
    long number = in.natural("number");
    long baseTimestamp = in.zigzag();
    List<SnapshotRef> snapshots = decodeSnapshots(in);
    TreeMap<PartitionId, Row> rows = new TreeMap<>();
    UUID previousTopic = null;
    for (int topics = in.count(TOPIC_SIZE_MIN, "topics"); topics > 0; topics--) {
      UUID topicId = in.uuid();
      if (previousTopic != null && previousTopic.compareTo(topicId) >= 0) {
        throw in.corrupt("topic " + topicId + " after topic " + previousTopic);
      }
      previousTopic = topicId;
      long expected = 0;
      for (int count = in.count(ROW_SIZE_MIN, "rows"); count > 0; count--) {
        long partition = in.sum(expected, in.naturalInt("partition"), "partition");
        if (partition > Integer.MAX_VALUE) {
          throw in.corrupt("partition=" + partition);
        }
        expected = partition + 1;
        rows.put(
            new PartitionId(topicId, (int) partition), decodeRow(in, baseTimestamp, snapshots));
      }
    }
    ExtensionFields fields = ExtensionFields.decode(in, Set.of(PRODUCER_CHANGES, INHERITED_ROWS));
    List<PartitionId> places = List.copyOf(rows.keySet());
    ByteBuffer changes = fields.get(PRODUCER_CHANGES);
    if (changes != null) {
      decodeProducerChanges(changes, baseTimestamp, rows, places);
    }
    ByteBuffer inherited = fields.get(INHERITED_ROWS);
    if (inherited != null) {
      decodeInheritedRows(inherited, rows, places);
    }
    return new PartitionTable(lane, epoch, number, rows);
  }

  private static void decodeInheritedRows(
      ByteBuffer bytes, TreeMap<PartitionId, Row> rows, List<PartitionId> places) {
    ByteReader in = new ByteReader(bytes, "inherited rows");
    long expected = 0;
    for (int count = in.count(1, "inherited rows"); count > 0; count--) {
      long place = decodePlace(in, expected, places);
      expected = place + 1;
      rows.computeIfPresent(places.get((int) place), (partition, row) -> row.inherited());
    }
    in.end();
  }

  private static long decodePlace(ByteReader in, long expected, List<PartitionId> places) {
    long place = in.sum(expected, in.varintUpTo(places.size(), "row"), "row");
    if (place >= places.size()) {
      throw in.corrupt("row=" + place + " of " + places.size());
    }
    return place;
  }

  private static void decodeProducerChanges(
      ByteBuffer bytes,
      long baseTimestamp,
      TreeMap<PartitionId, Row> rows,
      List<PartitionId> places) {
    ByteReader in = new ByteReader(bytes, "producer changes");
    rows.replaceAll((partition, row) -> row.with(ProducerChanges.NONE));
    long expected = 0;
    for (int count = in.count(CHANGED_ROW_SIZE_MIN, "changed rows"); count > 0; count--) {
      long place = decodePlace(in, expected, places);
      expected = place + 1;
      List<ProducerEntry> producers = ProducerCodec.decode(in, baseTimestamp);
      rows.computeIfPresent(
          places.get((int) place), (partition, row) -> row.with(changes(producers)));
    }
    in.end();
  }

  private static ProducerChanges changes(List<ProducerEntry> producers) {
    return producers.isEmpty() ? ProducerChanges.UNKNOWN : new ProducerChanges(true, producers);
  }

  private static List<SnapshotRef> decodeSnapshots(ByteReader in) {
    int count = in.count(SNAPSHOT_REF_SIZE_MIN, "snapshots");
    List<SnapshotRef> snapshots = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      SortedObjectKind kind = SortedObjectKind.ofCode((byte) in.u8());
      if (kind == null) {
        throw in.corrupt("snapshot in an object of unknown kind");
      }
      snapshots.add(new SnapshotRef(kind, in.natural("epoch"), in.natural("number")));
    }
    return snapshots;
  }

  private static Row decodeRow(ByteReader in, long baseTimestamp, List<SnapshotRef> snapshots) {
    long nextOffset = in.natural("nextOffset");
    long leaderEpoch = in.zigzag();
    if (leaderEpoch != (int) leaderEpoch) {
      throw in.corrupt("lastLeaderEpoch=" + leaderEpoch);
    }
    long maxTimestamp = baseTimestamp + in.zigzag();
    long bytes = in.natural("bytes");
    int place = (int) in.varintUpTo(snapshots.size(), "snapshot");
    @Nullable SnapshotRef producers = place == 0 ? null : snapshots.get(place - 1);
    return new Row(
        nextOffset,
        (int) leaderEpoch,
        maxTimestamp,
        bytes,
        producers,
        false,
        ProducerChanges.UNKNOWN);
  }
}
