package io.sediment.cluster.tools;

import io.sediment.objectstore.RequestCounts;
import io.sediment.objectstore.StoreOperation;
import java.util.EnumMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a broker has asked of its store since it was started, as its metrics have it. */
final class StoreTraffic {
  private static final Pattern REQUESTS =
      Pattern.compile("(?m)^sediment_store_requests_seconds_count\\{([^}]*)}\\s+(\\S+)");
  private static final Pattern BYTES =
      Pattern.compile("(?m)^sediment_store_bytes_total\\{([^}]*)}\\s+(\\S+)");
  private static final Pattern OPERATION = Pattern.compile("op=\"([a-z_]+)\"");

  private StoreTraffic() {}

  /**
   * @param metrics Prometheus text
   */
  static RequestCounts parse(String metrics) {
    Map<StoreOperation, Long> requests = new EnumMap<>(StoreOperation.class);
    Matcher line = REQUESTS.matcher(metrics);
    while (line.find()) {
      Matcher name = OPERATION.matcher(line.group(1));
      if (name.find()) {
        for (StoreOperation operation : StoreOperation.values()) {
          if (operation.tag().equals(name.group(1))) {
            requests.merge(operation, (long) Double.parseDouble(line.group(2)), Long::sum);
          }
        }
      }
    }
    return new RequestCounts(requests, bytes(metrics, "up"), bytes(metrics, "down"));
  }

  private static long bytes(String metrics, String direction) {
    long sum = 0;
    Matcher line = BYTES.matcher(metrics);
    while (line.find()) {
      if (line.group(1).contains("direction=\"" + direction + "\"")) {
        sum += (long) Double.parseDouble(line.group(2));
      }
    }
    return sum;
  }
}
