package io.sediment.cluster.simulation;

import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.RequestCounts;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimulationFailure;
import io.sediment.wal.simulation.QuietLogs;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/**
 * Many seeds of the whole broker, or one again: {@code scripts/simulate.sh} runs this class after
 * the simulations of the log and the lane; ordinary builds do not.
 */
class SimulateBroker {
  private static final Duration PROGRESS_EVERY = Duration.ofSeconds(10);

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
  private long events;
  private long processes;
  private long crashes;
  private long seals;
  private long rebirths;
  private long ackedRecords;
  private long reads;
  private long bytesUp;
  private double dollars;

  @Test
  void run() {
    QuietLogs.begin();
    if (Boolean.getBoolean("simulate.mutants")) {
      for (BrokerMutant mutant : BrokerMutant.values()) {
        if (mutant != BrokerMutant.NONE
            && mutant.name().contains(System.getProperty("simulate.mutant", ""))) {
          count(mutant, Long.getLong("simulate.seeds", 100));
        }
      }
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
      runOne(seed);
      seed++;
      if (System.nanoTime() - shown > PROGRESS_EVERY.toNanos()) {
        shown = System.nanoTime();
        out.println("broker: " + summary(seed - first));
      }
    }
    out.println("broker: all well: " + summary(seed - first));
  }

  private void runOne(long seed) {
    FaultPlan plan = BrokerSimulation.planOf(seed);
    try {
      add(BrokerSimulation.run(seed, plan, BrokerMutant.NONE));
    } catch (SimulationFailure failure) {
      out.println("FAILED in the simulation of the broker: " + failure.getMessage());
      out.println("  shrunk to " + shrink(seed, plan, failure));
      out.println("  again: scripts/simulate.sh --seed " + seed);
      Assertions.fail("broker seed=" + seed + ": " + failure.anomaly());
    }
  }

  private void add(BrokerSimulation.Outcome outcome) {
    events += outcome.events();
    processes += outcome.processes();
    crashes += outcome.crashes();
    seals += outcome.seals();
    rebirths += outcome.incarnations() - 1;
    ackedRecords += outcome.ackedRecords();
    reads += outcome.reads();
    outcome.bucket().faultsDone().forEach((fault, count) -> faults.merge(fault, count, Long::sum));
    RequestCounts counts = outcome.bucket().bill().counts();
    bytesUp += counts.uploadedBytes();
    dollars += PriceList.S3_STANDARD.dollars(counts);
  }

  /** The plan without the kinds of fault that the same anomaly happens without. */
  private static FaultPlan shrink(long seed, FaultPlan plan, SimulationFailure failure) {
    FaultPlan shrunk = plan;
    for (Fault fault : Fault.values()) {
      FaultPlan without = shrunk.without(fault);
      try {
        BrokerSimulation.run(seed, without, BrokerMutant.NONE);
      } catch (SimulationFailure still) {
        if (name(still).equals(name(failure))) {
          shrunk = without;
        }
      }
    }
    return shrunk;
  }

  /** {@code lost write} of {@code lost write: topic0-1@7 was …}. */
  private static String name(SimulationFailure failure) {
    String anomaly = failure.anomaly();
    int colon = anomaly.indexOf(':');
    return colon < 0 ? anomaly : anomaly.substring(0, colon);
  }

  private String summary(long seeds) {
    return String.format(
        Locale.ROOT,
        "seeds=%d events=%d processes=%d crashes=%d seals=%d rebirths=%d ackedRecords=%d reads=%d"
            + " bytesUp=%d dollarsPerGB=%.2f faults=%s",
        seeds,
        events,
        processes,
        crashes,
        seals,
        rebirths,
        ackedRecords,
        reads,
        bytesUp,
        dollars / (bytesUp / 1e9),
        faults);
  }

  /** In how many of the first seeds a mutant is noticed, and as what: for docs/testing.md. */
  private void count(BrokerMutant mutant, long seeds) {
    Map<String, Integer> caught = new TreeMap<>();
    long firstSeed = 0;
    int sum = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        BrokerSimulation.run(seed, mutant);
      } catch (SimulationFailure failure) {
        caught.merge(name(failure), 1, Integer::sum);
        firstSeed = firstSeed == 0 ? seed : firstSeed;
        sum++;
      }
    }
    out.println(
        "broker: "
            + mutant
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
