package io.sediment.cluster.torture;

import io.sediment.objectstore.PriceList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process has asked of its store since it was started, and what it has written there below
 * the log, by its own metrics.
 *
 * @param byOperation all attempts, whatever came of them
 * @param fileRegions reads that were answered with regions of local files, which are no requests
 * @param flushedBytes of objects of level 0
 * @param compactedBytes written by compactions
 */
record StoreRequests(
    Map<String, Long> byOperation, long fileRegions, long flushedBytes, long compactedBytes) {
  static final StoreRequests NONE = new StoreRequests(Map.of(), 0, 0, 0);

  private static final Pattern COUNT =
      Pattern.compile("sediment_store_requests_seconds_count\\{([^}]*)} ([0-9.E+]+)");
  private static final Pattern OPERATION = Pattern.compile("op=\"([a-z_]+)\"");

  static StoreRequests of(int httpPort) {
    try {
      String metrics =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics"))
                      .build(),
                  BodyHandlers.ofString())
              .body();
      Map<String, Long> counts = new TreeMap<>();
      Matcher line = COUNT.matcher(metrics);
      while (line.find()) {
        Matcher operation = OPERATION.matcher(line.group(1));
        if (operation.find()) {
          counts.merge(operation.group(1), (long) Double.parseDouble(line.group(2)), Long::sum);
        }
      }
      return new StoreRequests(
          counts,
          sum(metrics, "sediment_lane_reads_file_regions_total", ""),
          sum(metrics, "sediment_lane_flushed_bytes_total", ""),
          sum(metrics, "sediment_compaction_bytes_sum", "kind=\"written\""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static long sum(String metrics, String name, String tag) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .filter(line -> line.contains(tag))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  StoreRequests since(StoreRequests earlier) {
    Map<String, Long> difference = new TreeMap<>(byOperation);
    earlier.byOperation.forEach(
        (operation, count) -> difference.merge(operation, -count, Long::sum));
    return new StoreRequests(
        difference,
        fileRegions - earlier.fileRegions,
        flushedBytes - earlier.flushedBytes,
        compactedBytes - earlier.compactedBytes);
  }

  StoreRequests plus(StoreRequests other) {
    Map<String, Long> sum = new TreeMap<>(byOperation);
    other.byOperation.forEach((operation, count) -> sum.merge(operation, count, Long::sum));
    return new StoreRequests(
        sum,
        fileRegions + other.fileRegions,
        flushedBytes + other.flushedBytes,
        compactedBytes + other.compactedBytes);
  }

  long gets() {
    return byOperation.getOrDefault("get", 0L);
  }

  /** Everything that costs what a put does, listings included. */
  long puts() {
    return byOperation.entrySet().stream()
        .filter(
            it ->
                !it.getKey().equals("get")
                    && !it.getKey().equals("delete")
                    && !it.getKey().equals("multipart_abort"))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  double dollars(PriceList prices) {
    return puts() / 1000.0 * prices.perThousandPuts() + gets() / 1000.0 * prices.perThousandGets();
  }
}
