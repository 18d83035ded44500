package io.sediment.cluster;

import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.ThreadPoolScheduler;
import io.sediment.runtime.Ticker;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/** What every part of a process is handed: what the operator decided, and the world outside. */
record ProcessEnvironment(
    BrokerSettings settings,
    BrokerStores stores,
    ThreadPoolScheduler scheduler,
    Ticker ticker,
    InstantSource clock,
    RandomGenerator random,
    MemoryBudget budget,
    MeterRegistry meters) {}
