package io.sediment.cluster;

import io.netty.util.internal.PlatformDependent;
import io.sediment.cluster.ValueTypes.ByteSize;

/** How much memory data may take in this process. */
final class MemoryLimits {
  private MemoryLimits() {}

  /**
   * The budget that was set, or seven eighths of the direct memory that the JVM allows; what
   * network buffers take beyond the requests in them needs the rest.
   *
   * @throws InvalidSettingException if the JVM allows less than was set
   */
  static long budgetBytes(BrokerSettings settings) {
    long direct = PlatformDependent.estimateMaxDirectMemory();
    if (settings.memoryBudget().isEmpty()) {
      return direct / 8 * 7;
    }
    ByteSize budget = settings.memoryBudget().get();
    if (budget.bytes() > direct) {
      throw new InvalidSettingException(
          "MEMORY_BUDGET",
          budget.asGiven(),
          "at most the JVM's direct memory limit, " + direct + " (-XX:MaxDirectMemorySize)");
    }
    return budget.bytes();
  }
}
