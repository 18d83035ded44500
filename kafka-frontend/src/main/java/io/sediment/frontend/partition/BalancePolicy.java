package io.sediment.frontend.partition;

import io.sediment.metadata.PartitionId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Says which of a broker's partitions others should lead, so that all brokers are loaded alike.
 *
 * <p>Every broker that has more than the average decides for itself, from the same loads: it fills
 * of what each other broker lacks the part that is its own part of all that is too much. So all of
 * them together fill no broker beyond the average. Pure.
 */
final class BalancePolicy {
  /** Nothing is moved while nobody is farther from the average than this. */
  private static final double TOLERANCE = 0.05;

  record Candidate(PartitionId partition, double load) {}

  record Move(PartitionId partition, int target, double load) {}

  private BalancePolicy() {}

  /**
   * Which part of everything that is too much anywhere is too much at {@code broker}; 0 where all
   * are loaded alike.
   *
   * @param loads of all brokers that take partitions
   */
  static double shareOfSurplus(int broker, SortedMap<Integer, Double> loads) {
    double average = average(loads);
    double farthest = 0;
    double surplus = 0;
    for (double load : loads.values()) {
      farthest = Math.max(farthest, Math.abs(load - average));
      surplus += Math.max(0, load - average);
    }
    double own = loads.getOrDefault(broker, 0.0) - average;
    return own <= 0 || farthest <= TOLERANCE * average ? 0 : own / surplus;
  }

  /**
   * @param loads of all brokers that take partitions
   * @param own partitions of {@code broker} that may go
   * @return at most {@code movesMax}, each of which brings the two brokers nearer to each other
   */
  static List<Move> plan(
      int broker, SortedMap<Integer, Double> loads, List<Candidate> own, int movesMax) {
    double share = shareOfSurplus(broker, loads);
    if (share == 0 || movesMax <= 0) {
      return List.of();
    }
    double average = average(loads);
    double surplus = loads.getOrDefault(broker, 0.0) - average;
    TreeMap<Integer, Double> missing = new TreeMap<>();
    loads.forEach(
        (other, load) -> {
          if (load < average) {
            missing.put(other, (average - load) * share);
          }
        });
    List<Candidate> heaviestFirst = new ArrayList<>(own);
    heaviestFirst.sort(
        Comparator.comparingDouble(Candidate::load).reversed().thenComparing(Candidate::partition));
    List<Move> moves = new ArrayList<>();
    for (Candidate each : heaviestFirst) {
      Map.Entry<Integer, Double> neediest =
          missing.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
      if (moves.size() == movesMax || surplus <= 0 || neediest.getValue() <= 0) {
        break;
      }
      if (each.load() > 0 && each.load() <= (surplus + neediest.getValue()) / 2) {
        moves.add(new Move(each.partition(), neediest.getKey(), each.load()));
        surplus -= each.load();
        missing.put(neediest.getKey(), neediest.getValue() - each.load());
      }
    }
    return moves;
  }

  private static double average(SortedMap<Integer, Double> loads) {
    return loads.values().stream().mapToDouble(load -> load).average().orElse(0);
  }
}
