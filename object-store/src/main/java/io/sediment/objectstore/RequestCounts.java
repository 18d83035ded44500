package io.sediment.objectstore;

import java.util.EnumMap;
import java.util.Map;

/**
 * Requests a store has been asked, failed ones included (they are paid for as well), and body bytes
 * moved, at one moment.
 */
public record RequestCounts(
    Map<StoreOperation, Long> requests, long uploadedBytes, long downloadedBytes) {
  public RequestCounts {
    requests = Map.copyOf(requests);
  }

  public long of(StoreOperation operation) {
    return requests.getOrDefault(operation, 0L);
  }

  /** All requests that are paid for. */
  public long priced() {
    long sum = 0;
    for (Map.Entry<StoreOperation, Long> entry : requests.entrySet()) {
      sum += entry.getKey().price() == StoreOperation.Price.FREE ? 0 : entry.getValue();
    }
    return sum;
  }

  /** What came after {@code earlier}. */
  public RequestCounts since(RequestCounts earlier) {
    Map<StoreOperation, Long> difference = new EnumMap<>(StoreOperation.class);
    for (StoreOperation operation : StoreOperation.values()) {
      difference.put(operation, of(operation) - earlier.of(operation));
    }
    return new RequestCounts(
        difference,
        uploadedBytes - earlier.uploadedBytes,
        downloadedBytes - earlier.downloadedBytes);
  }
}
