package io.sediment.cluster.bench;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Figures of both servers, said as they come and put side by side at the end. */
final class ComparisonTable {
  /** One server under measurement. */
  enum Server {
    SEDIMENT,
    KAFKA;

    /** Alternates from round to round. */
    static List<Server> orderOf(int round) {
      return round % 2 == 0 ? List.of(SEDIMENT, KAFKA) : List.of(KAFKA, SEDIMENT);
    }
  }

  private final Map<String, Map<Server, Samples>> figures = new LinkedHashMap<>();

  void note(Server server, String what, double value) {
    figures
        .computeIfAbsent(what, k -> new EnumMap<>(Server.class))
        .computeIfAbsent(server, k -> new Samples())
        .add(value);
    System.out.printf(Locale.ROOT, "  %-8s %-70s %.2f%n", server, what, value);
  }

  void print() {
    System.out.println();
    System.out.println(
        "| | Sediment: median (min–max) | Apache Kafka: median (min–max) | ratio of medians |");
    System.out.println("| --- | --- | --- | --- |");
    Samples none = new Samples();
    figures.forEach(
        (what, byServer) -> {
          Samples ours = byServer.getOrDefault(Server.SEDIMENT, none);
          Samples theirs = byServer.getOrDefault(Server.KAFKA, none);
          System.out.printf(
              Locale.ROOT,
              "| %s | %s | %s | %.2f |%n",
              what,
              ours,
              theirs,
              ours.median() / theirs.median());
        });
  }
}
