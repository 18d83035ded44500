package io.sediment.simulation;

import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.SplittableRandom;

/**
 * The threads, clocks and fate of one simulated process.
 *
 * <p>{@link #crash} drops everything it would still have done; futures it waits for never complete.
 * {@link #pause} holds its events, answers from the store included, until {@link #resume} lets it
 * go on as a zombie that believes no time has passed, apart from what its clocks say.
 *
 * <p>The monotonic clock starts at a random, possibly negative value and the wall clock can be made
 * to jump, so that code that confuses the two or compares nanoTime values directly is found.
 */
public final class SimScheduler implements Scheduler, Ticker, InstantSource {
  private final Simulation simulation;
  private final String name;
  private final SplittableRandom random;
  private final long tickerOriginNanos;
  private final ArrayDeque<Simulation.Event> held = new ArrayDeque<>();
  private final ArrayDeque<String> lastEvents = new ArrayDeque<>();
  private final int lastEventsMax;
  private Duration wallClockOffset = Duration.ZERO;
  private boolean crashed;
  private boolean paused;

  SimScheduler(Simulation simulation, String name, int lastEventsMax) {
    this.simulation = simulation;
    this.name = name;
    this.lastEventsMax = lastEventsMax;
    this.random = simulation.random("process " + name);
    this.tickerOriginNanos = random.nextLong();
  }

  public String name() {
    return name;
  }

  Simulation simulation() {
    return simulation;
  }

  long nameHash() {
    return name.hashCode();
  }

  /** Chance for this process alone: what others draw does not change what it draws. */
  public SplittableRandom random() {
    return random;
  }

  @Override
  public void execute(Runnable task) {
    schedule(task, Duration.ZERO);
  }

  @Override
  public Cancellable schedule(Runnable task, Duration delay) {
    return scheduleNanos(task, delay.toNanos());
  }

  Cancellable scheduleNanos(Runnable task, long delayNanos) {
    if (crashed) {
      return () -> {};
    }
    return simulation.schedule(this, task, delayNanos)::cancel;
  }

  @Override
  public long nanoTime() {
    return tickerOriginNanos + simulation.nowNanos();
  }

  @Override
  public Instant instant() {
    return simulation.instant().plus(wallClockOffset);
  }

  /** Sets the wall clock forward or, with a negative step, back. */
  public void jumpWallClock(Duration step) {
    wallClockOffset = wallClockOffset.plus(step);
    trace("wall clock jumps by " + step);
  }

  /** Ends the process: kill -9. What it sent may still arrive. */
  public void crash() {
    if (!crashed) {
      trace("CRASH");
      crashed = true;
      held.clear();
    }
  }

  /** Stops the process as a long collection pause or a suspended machine does. */
  public void pause() {
    if (!paused && !crashed) {
      trace("PAUSE");
      paused = true;
    }
  }

  /** Lets a paused process run on, first of all through what queued up meanwhile. */
  public void resume() {
    if (paused && !crashed) {
      paused = false;
      trace("RESUME with " + held.size() + " events held");
      simulation.release(held);
    }
  }

  public boolean isCrashed() {
    return crashed;
  }

  public boolean isPaused() {
    return paused;
  }

  /** True when it runs: neither crashed nor paused. */
  public boolean isUp() {
    return !crashed && !paused;
  }

  void hold(Simulation.Event event) {
    held.add(event);
  }

  /** Adds a line to the trace hash and to the last events of this process. */
  public void trace(String line) {
    simulation.traced(this, line);
    if (lastEvents.size() == lastEventsMax) {
      lastEvents.removeFirst();
    }
    lastEvents.add(Duration.ofNanos(simulation.nowNanos()) + " " + line);
  }

  void describeLastEvents(StringBuilder text) {
    if (lastEvents.isEmpty()) {
      return;
    }
    text.append("\n  last events of ").append(name);
    text.append(crashed ? " (crashed)" : paused ? " (paused)" : "").append(':');
    for (String line : lastEvents) {
      text.append("\n    ").append(line);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
