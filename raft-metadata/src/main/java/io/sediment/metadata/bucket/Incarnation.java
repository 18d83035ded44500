package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.Envelope;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One life of a bucket: which Raft group may change it.
 *
 * @param number 1 for the first, one more with each rebirth
 * @param nonce drawn by the process that created it; how it knows the object as its own
 * @param voters ids of the brokers that make up the Raft group at first
 */
public record Incarnation(
    long number, String clusterId, UUID groupId, UUID nonce, List<Integer> voters) {
  private static final int MAGIC = 0x5345_4449; // "SEDI"
  private static final int VERSION = 1;

  public Incarnation {
    voters = List.copyOf(voters);
    if (number < 1 || clusterId.isEmpty() || voters.isEmpty()) {
      throw new IllegalArgumentException(
          "incarnation: number=" + number + " clusterId=" + clusterId + " voters=" + voters);
    }
  }

  /** Body: number (i64), cluster id (text), group id, nonce (uuid each), voters (varints). */
  byte[] encode() {
    MetadataOutput out = new MetadataOutput();
    out.i64(number).text(clusterId).uuid(groupId).uuid(nonce).varint(voters.size());
    voters.forEach(out::varint);
    return Envelope.seal(MAGIC, VERSION, out);
  }

  static Incarnation decode(ByteBuffer bytes, String what) {
    MetadataInput in = Envelope.open(MAGIC, VERSION, bytes, what);
    long number = in.i64();
    String clusterId = in.text();
    UUID groupId = in.uuid();
    UUID nonce = in.uuid();
    List<Integer> voters = new ArrayList<>();
    for (int i = in.count(1); i > 0; i--) {
      voters.add(in.varint32());
    }
    in.end();
    try {
      return new Incarnation(number, clusterId, groupId, nonce, voters);
    } catch (IllegalArgumentException e) {
      throw new CorruptMetadataException(what + ": " + e.getMessage(), e);
    }
  }
}
