package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.BalancePolicy.Candidate;
import io.sediment.frontend.partition.BalancePolicy.Move;
import io.sediment.metadata.PartitionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clusters as loads of partitions, and what becomes of them by looks of ten seconds. */
class BalancePolicyTest {
  private static final int LOOKS_PER_MINUTE = 6;

  private static PartitionId partition(int number) {
    return new PartitionId(new UUID(3, 3), number);
  }

  /** Partitions by leader; every broker looks at the same moment and knows all loads. */
  private static final class Cluster {
    final Map<Integer, Map<PartitionId, Double>> led = new TreeMap<>();
    final Map<Integer, MoveBudget> budgets = new HashMap<>();
    final List<Integer> movesOfLooks = new ArrayList<>();
    int partitions;

    void add(int broker, int count, IntToDoubleFunction load) {
      Map<PartitionId, Double> own = led.computeIfAbsent(broker, none -> new TreeMap<>());
      for (int i = 0; i < count; i++) {
        own.put(partition(partitions), load.applyAsDouble(partitions));
        partitions++;
      }
      budgets.put(broker, new MoveBudget(LOOKS_PER_MINUTE));
    }

    SortedMap<Integer, Double> loads() {
      TreeMap<Integer, Double> loads = new TreeMap<>();
      led.forEach(
          (broker, own) ->
              loads.put(broker, own.values().stream().mapToDouble(load -> load).sum()));
      return loads;
    }

    double spread() {
      SortedMap<Integer, Double> loads = loads();
      double max = loads.values().stream().mapToDouble(load -> load).max().orElseThrow();
      double min = loads.values().stream().mapToDouble(load -> load).min().orElseThrow();
      double average = loads.values().stream().mapToDouble(load -> load).average().orElseThrow();
      return (max - min) / average;
    }

    void look() {
      long look = movesOfLooks.size();
      SortedMap<Integer, Double> loads = loads();
      Map<Integer, List<Move>> plans = new TreeMap<>();
      led.forEach(
          (broker, own) -> {
            double share = BalancePolicy.shareOfSurplus(broker, loads);
            MoveBudget budget = budgets.get(broker);
            List<Candidate> candidates = new ArrayList<>();
            own.forEach((id, load) -> candidates.add(new Candidate(id, load)));
            List<Move> moves =
                BalancePolicy.plan(
                    broker, loads, candidates, budget.allowed(look, 0.05 * partitions * share));
            budget.note(look, moves.size());
            plans.put(broker, moves);
          });
      int count = 0;
      for (Map.Entry<Integer, List<Move>> plan : plans.entrySet()) {
        for (Move move : plan.getValue()) {
          led.get(move.target())
              .put(move.partition(), led.get(plan.getKey()).remove(move.partition()));
          count++;
        }
      }
      movesOfLooks.add(count);
    }

    void runMinutes(int minutes) {
      for (int i = 0; i < minutes * LOOKS_PER_MINUTE; i++) {
        look();
      }
    }

    int mostInAMinute() {
      int most = 0;
      for (int i = 0; i < movesOfLooks.size(); i++) {
        most =
            Math.max(
                most,
                movesOfLooks.subList(Math.max(0, i - LOOKS_PER_MINUTE + 1), i + 1).stream()
                    .mapToInt(count -> count)
                    .sum());
      }
      return most;
    }
  }

  @ParameterizedTest(name = "{0} brokers with {1} partitions each, and a new one")
  @CsvSource({"3, 100", "3, 1000", "10, 300", "99, 100"})
  void aNewBrokerHasItsShareInFiveMinutes(int brokers, int partitionsEach) {
    Cluster cluster = new Cluster();
    for (int broker = 0; broker < brokers; broker++) {
      cluster.add(broker, partitionsEach, number -> 1000);
    }
    cluster.add(brokers, 0, number -> 0);
    cluster.runMinutes(5);
    assertThat(cluster.spread()).isLessThan(0.2);
    assertThat(cluster.mostInAMinute()).isLessThanOrEqualTo(cluster.partitions / 20);
    int after = cluster.movesOfLooks.stream().mapToInt(count -> count).sum();
    assertThat(after).as("no more than it takes").isLessThanOrEqualTo(partitionsEach);
  }

  @ParameterizedTest(name = "seed={0}")
  @CsvSource({"1", "2", "3"})
  void skewedLoadsAreEvenedOutByFewMoves(long seed) {
    Random random = new Random(seed);
    Cluster cluster = new Cluster();
    for (int broker = 0; broker < 10; broker++) {
      double much = 1 + random.nextInt(5);
      cluster.add(broker, 200, number -> much * 1000 / (1 + random.nextInt(100)));
    }
    double before = cluster.spread();
    cluster.runMinutes(5);
    assertThat(cluster.spread()).isLessThan(0.2).isLessThan(before);
    assertThat(cluster.mostInAMinute()).isLessThanOrEqualTo(cluster.partitions / 20);
    int moved = cluster.movesOfLooks.stream().mapToInt(count -> count).sum();
    cluster.runMinutes(30);
    assertThat(cluster.movesOfLooks.stream().mapToInt(count -> count).sum())
        .as("then it is quiet")
        .isLessThanOrEqualTo(moved + cluster.partitions / 50);
  }

  @Test
  void whatIsHeavierThanWhatIsTooMuchStaysWhereItIs() {
    Cluster cluster = new Cluster();
    cluster.add(0, 1, number -> 10_000);
    cluster.add(1, 1, number -> 100);
    cluster.runMinutes(10);
    assertThat(cluster.movesOfLooks).containsOnly(0);
  }

  @Test
  void nobodyMovesAnythingWhereAllAreLoadedAlike() {
    Cluster cluster = new Cluster();
    for (int broker = 0; broker < 3; broker++) {
      int own = broker;
      cluster.add(broker, 50, number -> 1000 + own * 20);
    }
    cluster.runMinutes(10);
    assertThat(cluster.movesOfLooks).containsOnly(0);
  }

  @Test
  void ofFewPartitionsOneMovesInALongerTime() {
    MoveBudget budget = new MoveBudget(LOOKS_PER_MINUTE);
    assertThat(budget.allowed(0, 0.25)).isEqualTo(1);
    budget.note(0, 1);
    assertThat(budget.allowed(23, 0.25)).isZero();
    assertThat(budget.allowed(24, 0.25)).isEqualTo(1);
    budget.note(24, 1);
    assertThat(budget.allowed(25, 3.7)).isEqualTo(2);
    budget.note(25, 2);
    assertThat(budget.allowed(29, 3.7)).isZero();
    assertThat(budget.allowed(30, 3.7)).isEqualTo(1);
    assertThat(budget.allowed(31, 3.7)).isEqualTo(3);
    assertThat(budget.allowed(31, 0)).isZero();
  }
}
