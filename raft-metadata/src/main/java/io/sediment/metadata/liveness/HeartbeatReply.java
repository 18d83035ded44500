package io.sediment.metadata.liveness;

import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * What the Raft leader says to a heartbeat.
 *
 * <pre>
 *   format version (u8), verdict (u8), lease in nanoseconds (varint, 0 where none is granted)
 * </pre>
 *
 * @param lease from when the heartbeat was sent
 */
public record HeartbeatReply(Verdict verdict, Duration lease) {
  private static final int VERSION = 1;

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

  public static HeartbeatReply of(Verdict verdict) {
    return new HeartbeatReply(verdict, Duration.ZERO);
  }

  public byte[] encode() {
    return new MetadataOutput().u8(VERSION).u8(verdict.code).varint(lease.toNanos()).toByteArray();
  }

  public static HeartbeatReply decode(ByteBuffer bytes) {
    MetadataInput in = new MetadataInput(bytes, "heartbeat reply");
    int version = in.u8();
    int code = in.u8();
    if (version != VERSION || code < 1 || code > Verdict.values().length) {
      throw in.corrupt("format version " + version + " verdict " + code);
    }
    HeartbeatReply reply =
        new HeartbeatReply(Verdict.values()[code - 1], Duration.ofNanos(in.varint()));
    in.end();
    return reply;
  }
}
