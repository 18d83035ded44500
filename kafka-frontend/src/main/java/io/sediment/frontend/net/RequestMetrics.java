package io.sediment.frontend.net;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.kafka.common.requests.RequestHeader;

/** What the network side counts. Meters of an API version are made at its first request. */
final class RequestMetrics {
  private static final int APIS_MAX = 128;
  private static final int VERSIONS_MAX = 32;

  private final MeterRegistry registry;
  private final AtomicReferenceArray<Timer> timers =
      new AtomicReferenceArray<>(APIS_MAX * VERSIONS_MAX);
  final AtomicInteger connections = new AtomicInteger();
  final Counter bytesIn;
  final Counter bytesOut;
  final Counter handlerFailures;
  private final Counter connectionsRefused;
  private final Counter requestsMalformed;

  RequestMetrics(MeterRegistry registry, RequestMemory memory) {
    this.registry = registry;
    Gauge.builder("kafka.connections", connections, AtomicInteger::get).register(registry);
    Gauge.builder("kafka.request.memory", memory, RequestMemory::usedBytes)
        .baseUnit("bytes")
        .register(registry);
    this.bytesIn = Counter.builder("kafka.network.in").baseUnit("bytes").register(registry);
    this.bytesOut = Counter.builder("kafka.network.out").baseUnit("bytes").register(registry);
    this.handlerFailures = registry.counter("kafka.request.handler.failures");
    this.connectionsRefused = registry.counter("kafka.connections.refused");
    this.requestsMalformed = registry.counter("kafka.request.malformed");
  }

  /** From the last byte of the request to its response's hand-over to the socket. */
  void answered(RequestHeader header, long nanos) {
    timer(header).record(nanos, TimeUnit.NANOSECONDS);
  }

  void refusedConnection() {
    connectionsRefused.increment();
  }

  void malformedRequest() {
    requestsMalformed.increment();
  }

  private Timer timer(RequestHeader header) {
    int slot = header.apiKey().id * VERSIONS_MAX + Math.min(header.apiVersion(), VERSIONS_MAX - 1);
    Timer known = timers.get(slot);
    if (known != null) {
      return known;
    }
    Timer made =
        Timer.builder("kafka.request")
            .tag("api", header.apiKey().name)
            .tag("version", Integer.toString(slot % VERSIONS_MAX))
            .register(registry);
    timers.set(slot, made);
    return made;
  }
}
