package io.sediment.metadata.bucket;

import io.sediment.metadata.Envelope;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What a Raft folder says about itself, written before anything else is done with it.
 *
 * @param incarnation the folder belongs to it, or is to
 * @param nonce of that incarnation
 * @param creator whether the nonce was drawn for this folder: then the incarnation is its work
 * @param storageId drawn with the folder; names the Raft peer together with the broker id
 * @param joined false while it is not known that the incarnation is in the bucket: such a folder
 *     holds nothing yet
 */
public record FolderIdentity(
    int brokerId,
    long incarnation,
    String clusterId,
    UUID groupId,
    UUID nonce,
    UUID storageId,
    boolean creator,
    boolean joined) {
  private static final int MAGIC = 0x5345_4452; // "SEDR"
  private static final int VERSION = 1;

  /**
   * Body: broker id (varint), incarnation (i64), cluster id (text), group id, nonce, storage id
   * (uuid each), creator, joined (u8 each).
   */
  public byte[] encode() {
    MetadataOutput out = new MetadataOutput();
    out.varint(brokerId).i64(incarnation).text(clusterId);
    out.uuid(groupId).uuid(nonce).uuid(storageId).u8(creator ? 1 : 0).u8(joined ? 1 : 0);
    return Envelope.seal(MAGIC, VERSION, out);
  }

  public static FolderIdentity decode(ByteBuffer bytes, String what) {
    MetadataInput in = Envelope.open(MAGIC, VERSION, bytes, what);
    FolderIdentity identity =
        new FolderIdentity(
            in.varint32(),
            in.i64(),
            in.text(),
            in.uuid(),
            in.uuid(),
            in.uuid(),
            in.flag(),
            in.flag());
    in.end();
    return identity;
  }

  /** The same, taken in. */
  public FolderIdentity asJoined() {
    return new FolderIdentity(
        brokerId, incarnation, clusterId, groupId, nonce, storageId, creator, true);
  }

  /** Whether this folder began the incarnation, so that its first export is up to it. */
  boolean createdIncarnation(Incarnation other) {
    return creator && nonce.equals(other.nonce());
  }

  boolean belongsTo(Incarnation other) {
    return incarnation == other.number()
        && groupId.equals(other.groupId())
        && clusterId.equals(other.clusterId());
  }
}
