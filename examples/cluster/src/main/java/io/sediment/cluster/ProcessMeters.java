package io.sediment.cluster;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.sediment.runtime.MemoryBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What the process itself uses, beside what it thinks it uses. */
final class ProcessMeters {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessMeters() {}

  static void bindTo(MeterRegistry meters) {
    new JvmMemoryMetrics().bindTo(meters);
    new JvmThreadMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    new UptimeMetrics().bindTo(meters);
    meters.gauge("process.resident.bytes", STATUS, ProcessMeters::residentBytes);
  }

  /** The budget, share by share. */
  static void bindTo(MeterRegistry meters, MemoryBudget budget) {
    for (MemoryBudget.Share share : MemoryBudget.Share.values()) {
      String name = share.name().toLowerCase(Locale.ROOT);
      Gauge.builder("sediment.memory.used.bytes", budget, b -> b.usedBytes(share))
          .tag("share", name)
          .register(meters);
      Gauge.builder("sediment.memory.limit.bytes", budget, b -> b.limitBytes(share))
          .tag("share", name)
          .register(meters);
    }
  }

  private static double residentBytes(Path status) {
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElse(-1);
    } catch (IOException notLinux) {
      return Double.NaN;
    }
  }
}
