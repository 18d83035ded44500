package io.sediment.wal.simulation;

import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.RequestCounts;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimulationFailure;
import io.sediment.simulation.StoreOp;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Assertions;

/**
 * Many seeds of one simulation, or one again, as {@code scripts/simulate.sh} asks for them by
 * system properties. On failure it prints the report, and the plan with every kind of fault taken
 * out that the failure does not need.
 */
public final class SeedRuns {
  private static final Duration PROGRESS_EVERY = Duration.ofSeconds(10);

  /** A simulation of one seed. */
  public interface Run {
    /**
     * Runs it to its end.
     *
     * @throws SimulationFailure if something went wrong
     */
    Tally of(long seed, FaultPlan plan);
  }

  /**
   * What a run came to.
   *
   * @param processes that were started
   * @param crashes of them
   * @param seals of a lane: each opening, too, seals what was there before
   * @param rebirths of a cluster from its bucket
   * @param exhaustions of a process's memory
   * @param acked records; slots where there are only those
   * @param others what else this simulation counts, by name
   */
  public record Tally(
      long events,
      long processes,
      long crashes,
      long seals,
      long rebirths,
      long exhaustions,
      long acked,
      long reads,
      SimObjectStore bucket,
      Map<String, Long> others) {
    public Tally(
        long events,
        long processes,
        long crashes,
        long seals,
        long rebirths,
        long exhaustions,
        long acked,
        long reads,
        SimObjectStore bucket) {
      this(
          events, processes, crashes, seals, rebirths, exhaustions, acked, reads, bucket, Map.of());
    }
  }

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final String name;
  private final Run run;
  private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
  private long seeds;
  private long events;
  private long processes;
  private long crashes;
  private long seals;
  private long rebirths;
  private long exhaustions;
  private long acked;
  private long reads;
  private final Map<String, Long> others = new TreeMap<>();
  private long uploads;
  private long bytesUp;
  private double dollars;

  public SeedRuns(String name, Run run) {
    this.name = name;
    this.run = run;
  }

  /** Whether mutants are to be counted instead. */
  public static boolean countsMutants() {
    return Boolean.getBoolean("simulate.mutants");
  }

  /** Runs seed after seed, until as many or as long as was asked for. */
  public void run() {
    Long one = Long.getLong("simulate.seed");
    long first = one != null ? one : 1;
    long last = one != null ? one : Long.getLong("simulate.seeds", Long.MAX_VALUE);
    long limitNanos = Long.getLong("simulate.seconds", Integer.MAX_VALUE) * 1_000_000_000L;
    long began = System.nanoTime();
    long shown = began;
    for (long seed = first; seed <= last && System.nanoTime() - began < limitNanos; seed++) {
      runOne(seed);
      if (System.nanoTime() - shown > PROGRESS_EVERY.toNanos()) {
        shown = System.nanoTime();
        out.println(name + ": " + summary());
      }
    }
    out.println(name + ": all well: " + summary());
  }

  private void runOne(long seed) {
    FaultPlan plan = LaneSimulation.planOf(seed);
    try {
      add(run.of(seed, plan));
    } catch (SimulationFailure failure) {
      out.println("FAILED in the simulation of the " + name + ": " + failure.getMessage());
      out.println("  shrunk to " + shrink(seed, plan, failure));
      out.println("  again: scripts/simulate.sh --seed " + seed);
      Assertions.fail(name + " seed=" + seed + ": " + failure.anomaly());
    }
  }

  private void add(Tally tally) {
    seeds++;
    events += tally.events;
    processes += tally.processes;
    crashes += tally.crashes;
    seals += tally.seals;
    rebirths += tally.rebirths;
    exhaustions += tally.exhaustions;
    acked += tally.acked;
    reads += tally.reads;
    tally.others.forEach((what, count) -> others.merge(what, count, Long::sum));
    tally.bucket.faultsDone().forEach((fault, count) -> faults.merge(fault, count, Long::sum));
    RequestCounts counts = tally.bucket.bill().counts();
    uploads += tally.bucket.bill().requests(StoreOp.COMPLETE_MULTIPART);
    bytesUp += counts.uploadedBytes();
    dollars += PriceList.S3_STANDARD.dollars(counts);
  }

  /** The plan without the kinds of fault that the same anomaly happens without. */
  private FaultPlan shrink(long seed, FaultPlan plan, SimulationFailure failure) {
    FaultPlan shrunk = plan;
    for (Fault fault : Fault.values()) {
      FaultPlan without = shrunk.without(fault);
      try {
        run.of(seed, without);
      } catch (SimulationFailure still) {
        if (anomaly(still).equals(anomaly(failure))) {
          shrunk = without;
        }
      }
    }
    return shrunk;
  }

  /** {@code lost write} of {@code lost write: 0@7 was …}. */
  private static String anomaly(SimulationFailure failure) {
    String anomaly = failure.anomaly();
    int colon = anomaly.indexOf(':');
    return colon < 0 ? anomaly : anomaly.substring(0, colon);
  }

  private String summary() {
    return String.format(
        Locale.ROOT,
        "seeds=%d events=%d processes=%d crashes=%d seals=%d rebirths=%d exhaustions=%d acked=%d"
            + " reads=%d uploads=%d bytesUp=%d dollarsPerGB=%.2f others=%s faults=%s",
        seeds,
        events,
        processes,
        crashes,
        seals,
        rebirths,
        exhaustions,
        acked,
        reads,
        uploads,
        bytesUp,
        bytesUp == 0 ? 0 : dollars / (bytesUp / 1e9),
        others,
        faults);
  }

  /**
   * Prints in how many of the first seeds a mutant is noticed, and as what: for docs/testing.md.
   *
   * @param run throws where it is noticed
   */
  public static void count(String mutant, LongConsumer run) {
    if (mutant.endsWith(": NONE") || !mutant.contains(System.getProperty("simulate.mutant", ""))) {
      return;
    }
    long seeds = Long.getLong("simulate.seeds", 100);
    Map<String, Integer> caught = new TreeMap<>();
    long firstSeed = 0;
    int sum = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        run.accept(seed);
      } catch (SimulationFailure failure) {
        caught.merge(anomaly(failure), 1, Integer::sum);
        firstSeed = firstSeed == 0 ? seed : firstSeed;
        sum++;
      }
    }
    new PrintStream(System.out, true, StandardCharsets.UTF_8)
        .printf(
            Locale.ROOT,
            "%s caught in %d of %d seeds, first in %d: %s%n",
            mutant,
            sum,
            seeds,
            firstSeed,
            caught);
  }
}
