package io.sediment.metadata.liveness;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the Raft leader says to a heartbeat. As there, a later version only adds to the end.
 *
 * <pre>
 *   format version (u8), verdict (u8), lease in nanoseconds (varint, 0 where none is granted),
 *   and from version 2 on: count (varint) of lanes, and of each: number, epoch, acknowledged seq
 *   and load (varints)
 *   and from version 3 on: exported index (i64)
 * </pre>
 *
 * @param lease from when the heartbeat was sent
 * @param lanes what is known of the other brokers' lanes
 * @param exportedIndex up to which the bucket holds the metadata log, for all that is known there
 */
public record HeartbeatReply(
    Verdict verdict, Duration lease, List<LaneReport> lanes, long exportedIndex) {
  /** Nothing is known. */
  public static final long NOTHING_EXPORTED = Long.MIN_VALUE;

  private static final int VERSION_WITHOUT_LANES = 1;
  private static final int VERSION_WITHOUT_EXPORTED_INDEX = 2;
  private static final int VERSION = 3;

  /** The numbers travel between brokers. */
  public enum Verdict {
    GRANTED(1),
    /** Ask the leader. */
    NOT_LEADER(2),
    /** Another process has registered under the broker's id since. */
    REPLACED(3),
    /** The broker said that it leaves, and counts as gone. */
    FAREWELL(4);

    private final int code;

    Verdict(int code) {
      this.code = code;
    }
  }

  public HeartbeatReply {
    lanes = List.copyOf(lanes);
  }

  public HeartbeatReply(Verdict verdict, Duration lease) {
    this(verdict, lease, List.of(), NOTHING_EXPORTED);
  }

  public static HeartbeatReply of(Verdict verdict) {
    return new HeartbeatReply(verdict, Duration.ZERO);
  }

  public byte[] encode() {
    MetadataOutput out = new MetadataOutput().u8(VERSION).u8(verdict.code).varint(lease.toNanos());
    out.varint(lanes.size());
    lanes.forEach(slot -> slot.write(out));
    return out.i64(exportedIndex).toByteArray();
  }

  public static HeartbeatReply decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "heartbeat reply");
    int version = in.u8();
    int code = in.u8();
    if (version < VERSION_WITHOUT_LANES || code < 1 || code > Verdict.values().length) {
      throw in.corrupt("format version " + version + " verdict " + code);
    }
    Duration lease = Duration.ofNanos(in.varint());
    List<LaneReport> lanes = new ArrayList<>();
    if (version > VERSION_WITHOUT_LANES) {
      for (int i = in.count(LaneReport.BYTES_MIN); i > 0; i--) {
        lanes.add(LaneReport.read(in));
      }
    }
    long exportedIndex = version > VERSION_WITHOUT_EXPORTED_INDEX ? in.i64() : NOTHING_EXPORTED;
    if (version <= VERSION) {
      in.end();
    }
    return new HeartbeatReply(Verdict.values()[code - 1], lease, lanes, exportedIndex);
  }
}
