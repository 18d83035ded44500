package io.sediment.lsm.lane;

/**
 * What a partition's owner is told, one call at a time, in order, without any lane lock held. Must
 * not block.
 */
public interface PartitionListener {
  /**
   * All records below {@code durableOffset} are in the store: the high watermark may rise to it.
   * Never falls.
   */
  void onDurable(long durableOffset);

  /**
   * The lane stopped: appends above the last durable offset will never be acknowledged here. Called
   * at most once, last.
   */
  void onHalted(LaneHaltedException cause);
}
