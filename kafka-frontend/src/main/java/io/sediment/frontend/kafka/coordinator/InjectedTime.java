package io.sediment.frontend.kafka.coordinator;

import io.sediment.runtime.Ticker;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Time;

/** The broker's clocks as Kafka's code asks for them. Nothing here waits. */
record InjectedTime(InstantSource clock, Ticker ticker) implements Time {
  @Override
  public long milliseconds() {
    return clock.millis();
  }

  @Override
  public long nanoseconds() {
    return ticker.nanoTime();
  }

  @Override
  public void sleep(long ms) {
    throw new UnsupportedOperationException("coordinators do not wait");
  }

  @Override
  public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
    throw new UnsupportedOperationException("coordinators do not wait");
  }
}
