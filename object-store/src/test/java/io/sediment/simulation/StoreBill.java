package io.sediment.simulation;

import java.util.EnumMap;
import java.util.Map;

/** What the requests so far would have cost. Requests that never arrived and 503s are free. */
public final class StoreBill {
  /** Dollars per 1,000 requests and per GB moved; us-east-1, storage not counted. */
  public enum Prices {
    S3_STANDARD(0.005, 0.0004, 0, 0),
    S3_EXPRESS_ONE_ZONE(0.00113, 0.00003, 0.0032, 0.0006);

    private final double dollarsPer1000Puts;
    private final double dollarsPer1000Gets;
    private final double dollarsPerGbUp;
    private final double dollarsPerGbDown;

    Prices(
        double dollarsPer1000Puts,
        double dollarsPer1000Gets,
        double dollarsPerGbUp,
        double dollarsPerGbDown) {
      this.dollarsPer1000Puts = dollarsPer1000Puts;
      this.dollarsPer1000Gets = dollarsPer1000Gets;
      this.dollarsPerGbUp = dollarsPerGbUp;
      this.dollarsPerGbDown = dollarsPerGbDown;
    }
  }

  private final Map<StoreOp, Long> requests = new EnumMap<>(StoreOp.class);
  private long bytesUp;
  private long bytesDown;

  void add(StoreOp op, long up, long down) {
    requests.merge(op, 1L, Long::sum);
    bytesUp += up;
    bytesDown += down;
  }

  public long requests(StoreOp op) {
    return requests.getOrDefault(op, 0L);
  }

  /** All requests that are billed like a PUT. */
  public long putClassRequests() {
    return billed(StoreOp.Billed.PUT);
  }

  public long bytesUp() {
    return bytesUp;
  }

  public long bytesDown() {
    return bytesDown;
  }

  public double dollars(Prices prices) {
    return billed(StoreOp.Billed.PUT) * prices.dollarsPer1000Puts / 1_000
        + billed(StoreOp.Billed.GET) * prices.dollarsPer1000Gets / 1_000
        + bytesUp * prices.dollarsPerGbUp / 1e9
        + bytesDown * prices.dollarsPerGbDown / 1e9;
  }

  private long billed(StoreOp.Billed billed) {
    long sum = 0;
    for (Map.Entry<StoreOp, Long> entry : requests.entrySet()) {
      if (entry.getKey().billed() == billed) {
        sum += entry.getValue();
      }
    }
    return sum;
  }

  @Override
  public String toString() {
    return requests + " up=" + bytesUp + " down=" + bytesDown;
  }
}
