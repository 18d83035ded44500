package io.sediment.lsm.lane;

/** Does nothing with what it is told. */
public final class Deaf implements PartitionListener {
  @Override
  public void onDurable(long durableOffset) {}

  @Override
  public void onHalted(LaneHaltedException cause) {}
}
