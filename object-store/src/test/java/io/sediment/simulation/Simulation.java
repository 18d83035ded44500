package io.sediment.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One run of a simulated world. Every task of every process is an event; among the events whose
 * time has come the seed chooses, and when none is left time jumps to the next one. Each event
 * takes a few virtual microseconds, so that a task that keeps rescheduling itself still moves time.
 *
 * <p>The trace hash covers which process ran which event when, and every line handed to {@link
 * SimScheduler#trace}: two runs with equal hashes did the same things in the same order.
 */
public final class Simulation implements AutoCloseable {
  private static final int LAST_EVENTS_PER_PROCESS = 40;
  private static final int EVENT_NANOS_MAX = 5_000;
  private static final Instant FIRST_INSTANT = Instant.parse("2026-01-01T00:00:00Z");

  private final long seed;
  private final SplittableRandom choice;
  private final PriorityQueue<Event> waiting = new PriorityQueue<>();
  private final List<Event> runnable = new ArrayList<>();
  private final Map<String, SimScheduler> processes = new LinkedHashMap<>();
  private final List<String> options = new ArrayList<>();
  private final List<Runnable> ends = new ArrayList<>();
  private final SimScheduler world;

  private long nowNanos;
  private long nextEventId;
  private long eventsRun;
  private long eventsMax = 20_000_000;
  private long traceHash;
  private @Nullable String failure;
  private @Nullable Throwable failureCause;

  public Simulation(long seed) {
    this.seed = seed;
    this.choice = new SplittableRandom(mix(seed, 1));
    this.traceHash = mix(seed, 2);
    this.world = process("world");
  }

  public long seed() {
    return seed;
  }

  /** A line for the failure report: what else, besides the seed, this run was made of. */
  public void option(String line) {
    options.add(line);
  }

  /**
   * A new process. A name that was used before (the process crashed and is started again) gets a
   * number appended.
   */
  public SimScheduler process(String name) {
    String unique = name;
    for (int start = 2; processes.containsKey(unique); start++) {
      unique = name + "#" + start;
    }
    SimScheduler process = new SimScheduler(this, unique, LAST_EVENTS_PER_PROCESS);
    processes.put(unique, process);
    return process;
  }

  /** The process that stands for everything that never crashes: the store, the network. */
  public SimScheduler world() {
    return world;
  }

  /** A random sequence of its own, the same for this seed and name whatever else is drawn. */
  public SplittableRandom random(String name) {
    return new SplittableRandom(mix(seed, name.hashCode()));
  }

  /** Runs {@code end} when the simulation is closed. */
  void onClose(Runnable end) {
    ends.add(end);
  }

  /** Ends the threads of its processes. Needed only where there are some. */
  @Override
  public void close() {
    ends.forEach(Runnable::run);
    ends.clear();
  }

  /** Virtual nanoseconds since the run began. */
  public long nowNanos() {
    return nowNanos;
  }

  /** Virtual time since the run began. */
  public Duration now() {
    return Duration.ofNanos(nowNanos);
  }

  Instant instant() {
    return FIRST_INSTANT.plusNanos(nowNanos);
  }

  public long traceHash() {
    return traceHash;
  }

  public long eventsRun() {
    return eventsRun;
  }

  /** Fails the run after that many events: something spins without getting on. */
  public void limitEvents(long eventsMax) {
    this.eventsMax = eventsMax;
  }

  /** Ends the run: {@code runUntil} throws after the current event. The first call counts. */
  public void fail(String anomaly) {
    fail(anomaly, null);
  }

  void fail(String anomaly, @Nullable Throwable cause) {
    if (failure == null) {
      failure = anomaly;
      failureCause = cause;
    }
  }

  /**
   * Runs events until {@code condition} holds (looked at after each event), and fails when {@code
   * limit} of virtual time passes first or nothing is left to run.
   */
  public void runUntil(BooleanSupplier condition, Duration limit, String what) {
    long deadlineNanos = nowNanos + limit.toNanos();
    throwIfFailed();
    while (!condition.getAsBoolean()) {
      if (nowNanos > deadlineNanos) {
        throw report("stuck: no \"" + what + "\" within " + limit, null);
      }
      if (!step()) {
        throw report("stuck: nothing left to run, and no \"" + what + "\"", null);
      }
      throwIfFailed();
    }
  }

  /** Runs until {@code future} completes and returns its value, or throws what it failed with. */
  public <T> T await(CompletableFuture<T> future, Duration limit, String what) {
    runUntil(future::isDone, limit, what);
    return future.join();
  }

  /** Runs the events of the next {@code duration}; being idle meanwhile is no failure. */
  public void runFor(Duration duration) {
    long endNanos = nowNanos + duration.toNanos();
    throwIfFailed();
    while (nowNanos < endNanos) {
      if (runnable.isEmpty() && (waiting.isEmpty() || waiting.peek().dueNanos > endNanos)) {
        nowNanos = endNanos;
      } else {
        step();
        throwIfFailed();
      }
    }
  }

  /** Runs one event; false when there is none. */
  private boolean step() {
    moveDue();
    if (runnable.isEmpty()) {
      Event next = waiting.peek();
      if (next == null) {
        return false;
      }
      nowNanos = Math.max(nowNanos, next.dueNanos);
      moveDue();
    }
    int chosen = choice.nextInt(runnable.size());
    Event event = runnable.get(chosen);
    Event last = runnable.remove(runnable.size() - 1);
    if (event != last) {
      runnable.set(chosen, last);
    }
    if (event.cancelled || event.owner.isCrashed()) {
      return true;
    }
    if (event.owner.isPaused()) {
      event.owner.hold(event);
      return true;
    }
    run(event);
    return true;
  }

  private void run(Event event) {
    nowNanos += 1 + choice.nextInt(EVENT_NANOS_MAX);
    eventsRun++;
    traceHash = mix(mix(traceHash, event.id), mix(nowNanos, event.owner.nameHash()));
    try {
      event.task.run();
    } catch (AssertionError e) {
      fail(String.valueOf(e.getMessage()), e);
    } catch (Throwable e) {
      fail("a task of " + event.owner.name() + " threw " + e, e);
    }
    if (eventsRun > eventsMax) {
      fail("livelock: more than " + eventsMax + " events");
    }
  }

  private void moveDue() {
    for (Event event = waiting.peek();
        event != null && event.dueNanos <= nowNanos;
        event = waiting.peek()) {
      waiting.poll();
      runnable.add(event);
    }
  }

  Event schedule(SimScheduler owner, Runnable task, long delayNanos) {
    Event event = new Event(owner, task, nowNanos + Math.max(0, delayNanos), nextEventId++);
    waiting.add(event);
    return event;
  }

  void release(ArrayDeque<Event> held) {
    waiting.addAll(held);
    held.clear();
  }

  void traced(SimScheduler process, String line) {
    traceHash = mix(mix(traceHash, nowNanos), mix(process.nameHash(), line.hashCode()));
  }

  private void throwIfFailed() {
    if (failure != null) {
      throw report(failure, failureCause);
    }
  }

  private SimulationFailure report(String anomaly, @Nullable Throwable cause) {
    StringBuilder text = new StringBuilder(2_000);
    text.append(anomaly).append("\n  seed=").append(seed);
    text.append(" at ").append(now()).append(" after ").append(eventsRun).append(" events");
    for (String option : options) {
      text.append("\n  ").append(option);
    }
    for (SimScheduler process : processes.values()) {
      process.describeLastEvents(text);
    }
    return new SimulationFailure(anomaly, text.toString(), cause);
  }

  /** Mixes two words into one, every bit of each touching every bit of the result (SplitMix64). */
  static long mix(long a, long b) {
    long z = a * 0x9e3779b97f4a7c15L + b;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** True with the given probability. */
  static boolean chance(RandomGenerator random, double probability) {
    return probability > 0 && random.nextDouble() < probability;
  }

  /** A task of a process, due at some moment. Ordered by time, then by birth. */
  static final class Event implements Comparable<Event> {
    private final SimScheduler owner;
    private final Runnable task;
    private final long dueNanos;
    private final long id;
    private boolean cancelled;

    Event(SimScheduler owner, Runnable task, long dueNanos, long id) {
      this.owner = owner;
      this.task = task;
      this.dueNanos = dueNanos;
      this.id = id;
    }

    void cancel() {
      cancelled = true;
    }

    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(dueNanos, other.dueNanos);
      return byTime != 0 ? byTime : Long.compare(id, other.id);
    }
  }
}
