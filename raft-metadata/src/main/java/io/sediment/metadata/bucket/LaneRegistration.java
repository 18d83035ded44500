package io.sediment.metadata.bucket;

import io.sediment.metadata.Envelope;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What stands under one number of the lane registry: a lane, or the fence of an incarnation, behind
 * which no older one may register.
 */
sealed interface LaneRegistration {
  int MAGIC = 0x5345_444c; // "SEDL"
  int VERSION = 1;
  int LANE = 1;
  int FENCE = 2;

  long number();

  long incarnation();

  /** The process that wrote it. */
  UUID writer();

  record OfLane(long number, long incarnation, UUID writer, int owner)
      implements LaneRegistration {}

  record Fence(long number, long incarnation, UUID writer) implements LaneRegistration {}

  /** Body: kind (u8), number, incarnation (i64 each), writer (uuid); of a lane owner (varint). */
  default byte[] encode() {
    MetadataOutput out = new MetadataOutput();
    out.u8(this instanceof OfLane ? LANE : FENCE).i64(number()).i64(incarnation()).uuid(writer());
    if (this instanceof OfLane lane) {
      out.varint(lane.owner());
    }
    return Envelope.seal(MAGIC, VERSION, out);
  }

  static LaneRegistration decode(ByteBuffer bytes, long number, String what) {
    MetadataInput in = Envelope.open(MAGIC, VERSION, bytes, what);
    int kind = in.u8();
    long found = in.i64();
    if (found != number || kind < LANE || kind > FENCE) {
      throw in.corrupt("kind=" + kind + " number=" + found);
    }
    long incarnation = in.i64();
    UUID writer = in.uuid();
    LaneRegistration registration =
        kind == LANE
            ? new OfLane(number, incarnation, writer, in.varint32())
            : new Fence(number, incarnation, writer);
    in.end();
    return registration;
  }
}
