package io.sediment.metadata;

/** Why a command was refused. The numbers travel between brokers. */
public enum RejectionCode {
  TOPIC_EXISTS(1),
  UNKNOWN_TOPIC(2),
  INVALID_PARTITIONS(3),
  INVALID_ASSIGNMENT(4),
  /** No lane is active, so nobody could lead a new partition. Passes by itself. */
  NO_ACTIVE_LANE(5),
  UNKNOWN_BROKER(6),
  STALE_BROKER_EPOCH(7),
  UNKNOWN_LANE(8),
  LANE_EXISTS(9),
  NOT_LANE_OWNER(10),
  /** The lane is not in a state in which this may happen. */
  WRONG_LANE_STATE(11),
  STALE_LANE_EPOCH(12),
  OFFSET_OUT_OF_RANGE(13),
  INVALID_REQUEST(14),
  UNKNOWN_RESOURCE(15),
  NO_MOVE_IN_PROGRESS(16),
  /** The broker has lanes that are its own. */
  BROKER_HAS_LANES(17);

  private final int code;

  RejectionCode(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static RejectionCode ofCode(int code) {
    for (RejectionCode value : values()) {
      if (value.code == code) {
        return value;
      }
    }
    throw new CorruptMetadataException("rejection code: " + code);
  }
}
