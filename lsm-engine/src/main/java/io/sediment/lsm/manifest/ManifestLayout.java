package io.sediment.lsm.manifest;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.Envelope;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectKey;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A manifest in the store: magic "SEDIMANI", version 1, {@link Envelope} around
 *
 * <pre>
 * lane             varint
 * id               varint
 * committer        16, commit number varint
 * incarnation      varint, writer epoch varint, writerId 16
 * compactorEpoch   varint
 * replayAfter      epoch varint, seq varint
 * writerLowMark    varint
 * compactorLowMark varint
 * table            0, or 1 and: epoch varint, number varint, length varint, checksum 4
 * l0Count          varint, then each
 *    kind            1   see SortedObjectKind
 *    epoch, number, length   varint
 *    footerCrc       4
 *    partitionCount, dataBytes   varint
 *    maxTimestamp    zigzag
 * fields           see ExtensionFields; level 1 is among them, see Level1Layout; unknown ones that
 *                  may be skipped are kept by whoever writes the next id
 * </pre>
 */
final class ManifestLayout {
  private static final Envelope ENVELOPE = new Envelope(0x534544494d414e49L, 1, "manifest");
  private static final int L0_REF_SIZE_MIN = 11;
  private static final Set<Integer> KNOWN_FIELDS =
      Set.of(Level1Layout.RUNS_TAG, Level1Layout.COMPACTOR_TAG);

  private ManifestLayout() {}

  static ByteBuffer encode(Manifest manifest) {
    ByteWriter out = ENVELOPE.open(150 + manifest.l0().size() * 40);
    out.varint(manifest.lane().value());
    out.varint(manifest.id());
    out.uuid(manifest.commitId().committer());
    out.varint(manifest.commitId().number());
    out.varint(manifest.term().incarnation());
    out.varint(manifest.term().epoch());
    out.uuid(manifest.term().writerId());
    out.varint(manifest.level1().compactorEpoch());
    out.varint(manifest.replayAfter().epoch());
    out.varint(manifest.replayAfter().seq());
    out.varint(manifest.writerLowMark());
    out.varint(manifest.level1().lowMark());
    TableRef table = manifest.table();
    out.u8(table == null ? 0 : 1);
    if (table != null) {
      out.varint(table.epoch());
      out.varint(table.number());
      out.varint(table.length());
      out.i32(table.checksum());
    }
    out.varint(manifest.l0().size());
    for (L0Ref ref : manifest.l0()) {
      out.u8(ref.kind().code());
      out.varint(ref.epoch());
      out.varint(ref.number());
      out.varint(ref.length());
      out.i32(ref.footerCrc());
      out.varint(ref.partitionCount());
      out.varint(ref.dataBytes());
      out.zigzag(ref.maxTimestamp());
    }
    Level1Layout.addTo(manifest.fields(), manifest.level1()).encode(out);
    return ENVELOPE.seal(out);
  }

  /**
   * @param bytes the whole object
   */
  static Manifest decode(LaneId lane, long id, ByteBuffer bytes) {
    ObjectKey key = new LaneKeys(lane).manifest(id);
    ByteReader in = ENVELOPE.read(bytes, key);
    try {
      Manifest manifest = decode(in);
      in.end();
      if (!manifest.lane().equals(lane) || manifest.id() != id) {
        throw in.corrupt("holds lane=" + manifest.lane() + " id=" + manifest.id());
      }
      return manifest;
    } catch (IllegalArgumentException e) {
      throw new CorruptObjectException("manifest " + key + ": " + e.getMessage(), e);
    }
  }

  private static Manifest decode(ByteReader in) {
    LaneId lane = new LaneId(in.naturalInt("lane"));
    long id = in.natural("id");
    CommitId commitId = new CommitId(in.uuid(), in.natural("commit number"));
    WriterTerm term =
        new WriterTerm(in.natural("incarnation"), in.natural("writer epoch"), in.uuid());
    long compactorEpoch = in.natural("compactorEpoch");
    WalSlot replayAfter = new WalSlot(in.natural("replay epoch"), in.natural("replay seq"));
    long writerLowMark = in.natural("writerLowMark");
    long compactorLowMark = in.natural("compactorLowMark");
    TableRef table = null;
    if (in.varintUpTo(1, "table present") == 1) {
      table =
          new TableRef(
              in.natural("table epoch"),
              in.natural("table number"),
              in.natural("length"),
              in.i32());
    }
    int count = in.count(L0_REF_SIZE_MIN, "l0 objects");
    List<L0Ref> l0 = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      SortedObjectKind kind = SortedObjectKind.ofCode((byte) in.u8());
      if (kind == null) {
        throw in.corrupt("l0 object of unknown kind");
      }
      l0.add(
          new L0Ref(
              kind,
              in.natural("l0 epoch"),
              in.natural("l0 number"),
              in.natural("l0 length"),
              in.i32(),
              in.naturalInt("partitionCount"),
              in.natural("dataBytes"),
              in.zigzag()));
    }
    ExtensionFields fields = ExtensionFields.decode(in, KNOWN_FIELDS);
    Level1 level1 = Level1Layout.decode(fields, compactorEpoch, compactorLowMark);
    return new Manifest(
        lane,
        id,
        commitId,
        term,
        replayAfter,
        l0,
        table,
        writerLowMark,
        level1,
        Level1Layout.removeFrom(fields));
  }
}
