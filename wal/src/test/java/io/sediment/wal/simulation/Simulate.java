package io.sediment.wal.simulation;

import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.RequestCounts;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimulationFailure;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/**
 * Many seeds, or one again, from the command line: {@code scripts/simulate.sh} runs this class,
 * ordinary builds do not. On failure it prints the report, and the plan with every kind of fault
 * taken out that the failure does not need.
 */
class Simulate {
  private static final Duration PROGRESS_EVERY = Duration.ofSeconds(10);

  /** The two simulations that a seed is run in. */
  private enum Kind {
    WAL {
      @Override
      SimObjectStore run(long seed, FaultPlan plan, Simulate totals) {
        WalSimulation.Outcome outcome = WalSimulation.run(seed, plan, WalMutant.NONE);
        totals.events += outcome.events();
        totals.processes += outcome.epochs();
        totals.ackedSlots += outcome.ackedSlots();
        return outcome.bucket();
      }
    },
    LANE {
      @Override
      SimObjectStore run(long seed, FaultPlan plan, Simulate totals) {
        LaneSimulation.Outcome outcome = LaneSimulation.run(seed, plan, LaneMutant.NONE);
        totals.events += outcome.events();
        totals.processes += outcome.brokers();
        totals.ackedRecords += outcome.ackedRecords();
        totals.reads += outcome.reads();
        return outcome.bucket();
      }
    };

    abstract SimObjectStore run(long seed, FaultPlan plan, Simulate totals);
  }

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
  private long events;
  private long processes;
  private long ackedSlots;
  private long ackedRecords;
  private long reads;
  private long bytesUp;
  private double dollars;

  @Test
  void run() {
    QuietLogs.begin();
    if (Boolean.getBoolean("simulate.mutants")) {
      countMutants(Long.getLong("simulate.seeds", 100));
      return;
    }
    Long one = Long.getLong("simulate.seed");
    long first = one != null ? one : 1;
    long last = one != null ? one : Long.getLong("simulate.seeds", Long.MAX_VALUE);
    long minutes = Long.getLong("simulate.minutes", Long.MAX_VALUE / 60_000_000_000L);
    long began = System.nanoTime();
    long shown = began;
    long seed = first;
    while (seed <= last && System.nanoTime() - began < minutes * 60_000_000_000L) {
      for (Kind kind : Kind.values()) {
        runOne(kind, seed);
      }
      seed++;
      if (System.nanoTime() - shown > PROGRESS_EVERY.toNanos()) {
        shown = System.nanoTime();
        out.println(summary(seed - first));
      }
    }
    out.println("all well: " + summary(seed - first));
  }

  private void runOne(Kind kind, long seed) {
    FaultPlan plan = LaneSimulation.planOf(seed);
    try {
      SimObjectStore bucket = kind.run(seed, plan, this);
      bucket.faultsDone().forEach((fault, count) -> faults.merge(fault, count, Long::sum));
      RequestCounts counts = bucket.bill().counts();
      bytesUp += counts.uploadedBytes();
      dollars += PriceList.S3_STANDARD.dollars(counts);
    } catch (SimulationFailure failure) {
      out.println("FAILED in the simulation of " + kind + ": " + failure.getMessage());
      out.println("  shrunk to " + shrink(kind, seed, plan, failure));
      out.println("  again: scripts/simulate.sh --seed " + seed);
      Assertions.fail(kind + " seed=" + seed + ": " + failure.anomaly());
    }
  }

  /** The plan without the kinds of fault that the same anomaly happens without. */
  private static FaultPlan shrink(Kind kind, long seed, FaultPlan plan, SimulationFailure failure) {
    FaultPlan shrunk = plan;
    for (Fault fault : Fault.values()) {
      FaultPlan without = shrunk.without(fault);
      try {
        kind.run(seed, without, new Simulate());
      } catch (SimulationFailure still) {
        if (name(still).equals(name(failure))) {
          shrunk = without;
        }
      }
    }
    return shrunk;
  }

  /** {@code lost write} of {@code lost write: 0@7 was …}. */
  private static String name(SimulationFailure failure) {
    String anomaly = failure.anomaly();
    int colon = anomaly.indexOf(':');
    return colon < 0 ? anomaly : anomaly.substring(0, colon);
  }

  private String summary(long seeds) {
    return "seeds="
        + seeds
        + " events="
        + events
        + " processes="
        + processes
        + " ackedSlots="
        + ackedSlots
        + " ackedRecords="
        + ackedRecords
        + " reads="
        + reads
        + " bytesUp="
        + bytesUp
        + " dollars="
        + Math.round(dollars * 100) / 100.0
        + " faults="
        + faults;
  }

  /** In how many of the first seeds each mutant is noticed, and as what: for docs/testing.md. */
  private void countMutants(long seeds) {
    for (WalMutant mutant : WalMutant.values()) {
      count("log: " + mutant, seeds, seed -> WalSimulation.run(seed, mutant));
    }
    for (LaneMutant mutant : LaneMutant.values()) {
      count("lane: " + mutant, seeds, seed -> LaneSimulation.run(seed, mutant));
    }
  }

  private interface Run {
    void of(long seed);
  }

  private void count(String mutant, long seeds, Run run) {
    if (!mutant.contains(System.getProperty("simulate.mutant", "")) || mutant.endsWith(": NONE")) {
      return;
    }
    Map<String, Integer> caught = new TreeMap<>();
    long firstSeed = 0;
    int sum = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        run.of(seed);
      } catch (SimulationFailure failure) {
        caught.merge(name(failure), 1, Integer::sum);
        firstSeed = firstSeed == 0 ? seed : firstSeed;
        sum++;
      }
    }
    out.println(
        mutant
            + " caught in "
            + sum
            + " of "
            + seeds
            + " seeds, first in "
            + firstSeed
            + ": "
            + caught);
  }
}
