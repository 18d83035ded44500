package io.sediment.cluster;

import io.netty.util.internal.PlatformDependent;

/** How much memory data may take in this process. */
final class MemoryLimits {
  private MemoryLimits() {}

  /**
   * The budget that was set, or seven eighths of the direct memory that the JVM allows; what
   * network buffers take beyond the requests in them needs the rest.
   */
  static long budgetBytes(BrokerSettings settings) {
    long direct = PlatformDependent.estimateMaxDirectMemory();
    long budget = settings.memoryBudgetBytes().orElse(direct / 8 * 7);
    if (budget > direct) {
      throw new InvalidSettingException(
          "MEMORY_BUDGET",
          Long.toString(budget),
          "at most the JVM's direct memory limit, " + direct + " (-XX:MaxDirectMemorySize)");
    }
    return budget;
  }
}
