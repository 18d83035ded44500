package io.sediment.cluster;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.sediment.objectstore.StoreProbe;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import io.sediment.runtime.Ticker;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a process of ours does until it is stopped. Parts are started in the order in which they
 * need each other, and closed in the opposite order; each is handed what it needs through its
 * constructor, clocks and chance included. One thread starts.
 */
abstract class Service implements AutoCloseable {
  final BrokerSettings settings;
  final Ticker ticker = SystemPorts.ticker();
  final InstantSource clock = SystemPorts.wallClock();
  final RandomGenerator random = SystemPorts.secureRandom();
  final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final long memoryBudgetBytes;
  private final Duration startTimeout;
  private final StartedParts started = new StartedParts();
  private final CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean serving;

  /**
   * @param startTimeout how long the start may wait for a part of it
   * @throws InvalidSettingException if the JVM has not got the memory that was set
   */
  Service(BrokerSettings settings, Duration startTimeout) {
    this.settings = settings;
    this.memoryBudgetBytes = MemoryLimits.budgetBytes(settings);
    this.startTimeout = startTimeout;
  }

  /** Returns when it is at work. Blocks; on failure all that was started is closed again. */
  static <S extends Service> S startedOrClosed(S service) throws Exception {
    boolean complete = false;
    try {
      service.startParts();
      complete = true;
      return service;
    } finally {
      if (!complete) {
        service.close();
      }
    }
  }

  abstract void startParts() throws Exception;

  final <T extends AutoCloseable> T started(String name, T part) {
    return started.add(name, part);
  }

  /** The first part of all: whoever waits for the others is answered meanwhile. */
  final HttpEndpoint startHttp() throws IOException {
    ProcessMeters.bindTo(meters);
    return started(
        "http",
        HttpEndpoint.start(
            new InetSocketAddress(settings.host(), settings.httpPort()),
            this::isReady,
            meters::scrape,
            NamedThreads.pool("http", 2)));
  }

  /** Threads, and the store behind them, which has been found to keep its promises. */
  final ProcessEnvironment startProcess(String threadsName, int threads) throws Exception {
    ThreadPoolScheduler scheduler =
        started("scheduler", new ThreadPoolScheduler(threadsName, threads));
    BrokerStores stores =
        started("object store", BrokerStores.open(settings, scheduler, ticker, random, meters));
    await(new StoreProbe(stores.main(), random).run()).requireHonest(stores.name());
    MemoryBudget budget = MemoryBudget.forBroker(memoryBudgetBytes);
    ProcessMeters.bindTo(meters, budget);
    return new ProcessEnvironment(
        settings, stores, scheduler, ticker, clock, random, budget, meters);
  }

  final <T> T await(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(startTimeout.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      future.cancel(false);
      throw new IllegalStateException("not done within " + startTimeout, e);
    }
  }

  /** Says whether it does its work now. */
  final void serving(boolean now) {
    serving = now;
  }

  private boolean isReady() {
    return serving && !closing.get() && !end.isDone();
  }

  final boolean isClosing() {
    return closing.get();
  }

  /** Whether something has ended it; false while it is closed for no such reason. */
  final boolean hasEnded() {
    return end.isDone();
  }

  /** It cannot go on. Does not block. */
  final void endWith(Throwable cause) {
    if (!closing.get()) {
      end.complete(cause);
    }
  }

  /** Blocks until it is closed (null) or cannot go on (why). */
  final @Nullable Throwable awaitEnd() {
    return end.join();
  }

  /** Stops serving, finishes what is under way, lets go. Idempotent. */
  @Override
  public final void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    started.close();
    end.complete(null);
  }
}
