package io.sediment.lsm.run;

import io.sediment.lsm.object.Block;

/**
 * A block and where it lies.
 *
 * @param block its {@code maxTimestamp} is the running maximum within the run's section
 * @param object place of its object in {@link Directory#objects}
 */
public record RunBlock(Block block, int object) {}
