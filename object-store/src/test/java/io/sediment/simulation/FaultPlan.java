package io.sediment.simulation;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.random.RandomGenerator;

/**
 * How a simulated bucket behaves: how often each fault happens, how long requests take, and until
 * when. Immutable; {@link #toString} prints all of it.
 *
 * <p>Each request draws its fate from (seed, process, operation, key, attempt), so taking one kind
 * of fault away changes nothing for the others: that is what shrinking a failure rests on.
 *
 * @param probabilities per request; a fault that is absent never happens
 * @param latencyMedianMillis of a PUT; a GET takes half of it
 * @param latencyP99Millis of a PUT; latencies are lognormal
 * @param faultsEnd virtual time after which nothing goes wrong any more
 */
public record FaultPlan(
    Map<Fault, Double> probabilities,
    double latencyMedianMillis,
    double latencyP99Millis,
    Duration faultsEnd) {
  private static final Duration NEVER = Duration.ofDays(365);

  public FaultPlan {
    probabilities = new EnumMap<>(probabilities);
    if (!(latencyMedianMillis > 0 && latencyP99Millis > latencyMedianMillis)) {
      throw new IllegalArgumentException(
          "latency: median=" + latencyMedianMillis + " p99=" + latencyP99Millis);
    }
  }

  /** S3 Standard on a good day: PUT median 60 ms, p99 250 ms, no faults. */
  public static FaultPlan none() {
    return new FaultPlan(new EnumMap<>(Fault.class), 60, 250, NEVER);
  }

  /**
   * A mix drawn by chance: each kind of fault is present in half of the plans, mostly rare and
   * sometimes frequent, since some bugs need one fault often and all others never.
   */
  public static FaultPlan random(RandomGenerator random) {
    FaultPlan plan = none();
    for (Fault fault : Fault.values()) {
      boolean present = random.nextBoolean();
      double strength = Math.pow(10, -3 + 2.3 * random.nextDouble());
      double rarer =
          switch (fault) {
            case STALL, THROTTLING_STORM -> 0.1;
            default -> 1;
          };
      if (present) {
        plan = plan.with(fault, strength * rarer);
      }
    }
    return random.nextInt(3) == 0 ? plan.withLatency(7, 25) : plan;
  }

  public FaultPlan with(Fault fault, double probability) {
    Map<Fault, Double> changed = new EnumMap<>(Fault.class);
    changed.putAll(probabilities);
    changed.put(fault, probability);
    return new FaultPlan(changed, latencyMedianMillis, latencyP99Millis, faultsEnd);
  }

  public FaultPlan without(Fault fault) {
    Map<Fault, Double> changed = new EnumMap<>(Fault.class);
    changed.putAll(probabilities);
    changed.remove(fault);
    return new FaultPlan(changed, latencyMedianMillis, latencyP99Millis, faultsEnd);
  }

  public FaultPlan withLatency(double medianMillis, double p99Millis) {
    return new FaultPlan(probabilities, medianMillis, p99Millis, faultsEnd);
  }

  public FaultPlan until(Duration end) {
    return new FaultPlan(probabilities, latencyMedianMillis, latencyP99Millis, end);
  }

  double probability(Fault fault) {
    return probabilities.getOrDefault(fault, 0.0);
  }

  long drawLatencyNanos(RandomGenerator random, StoreOp op) {
    double sigma = Math.log(latencyP99Millis / latencyMedianMillis) / 2.326;
    double median = op.isWrite() ? latencyMedianMillis : latencyMedianMillis / 2;
    return (long) (median * Math.exp(sigma * random.nextGaussian()) * 1_000_000);
  }

  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ", "faults: ", "");
    probabilities.forEach((fault, p) -> text.add(fault + "=" + Math.round(p * 1e5) / 1e5));
    text.add("put median=" + latencyMedianMillis + " ms p99=" + latencyP99Millis + " ms");
    if (!faultsEnd.equals(NEVER)) {
      text.add("until " + faultsEnd);
    }
    return text.toString();
  }
}
