package io.sediment.cluster;

import io.netty.util.internal.PlatformDependent;

/** How much memory data may take in this process. */
final class MemoryLimits {
  private MemoryLimits() {}

  /**
   * The budget that was set, or three quarters of the direct memory that the JVM allows; network
   * buffers need the rest.
   */
  static long budgetBytes(BrokerSettings settings) {
    long direct = PlatformDependent.estimateMaxDirectMemory();
    long budget = settings.memoryBudgetBytes().orElse(direct / 4 * 3);
    if (budget > direct) {
      throw new InvalidSettingException(
          "MEMORY_BUDGET",
          Long.toString(budget),
          "at most the JVM's direct memory limit, " + direct + " (-XX:MaxDirectMemorySize)");
    }
    return budget;
  }

  /**
   * Bytes of requests that have arrived and are not appended yet, of all connections together: an
   * eighth of the direct memory, at most 128 MB.
   */
  static long requestBytes() {
    return Math.min(128L << 20, PlatformDependent.estimateMaxDirectMemory() / 8);
  }
}
