package io.sediment.simulation;

import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.RequestCounts;
import io.sediment.objectstore.StoreOperation;
import java.util.EnumMap;
import java.util.Map;

/**
 * Requests that arrived so far, to be priced. Those that never arrived and 503s are free; 412s are
 * not.
 */
public final class StoreBill {
  private final Map<StoreOperation, Long> requests = new EnumMap<>(StoreOperation.class);
  private long uploadedBytes;
  private long downloadedBytes;

  void add(StoreOp op, long uploaded, long downloaded) {
    requests.merge(op.billedAs(), 1L, Long::sum);
    uploadedBytes += uploaded;
    downloadedBytes += downloaded;
  }

  public long requests(StoreOp op) {
    return requests.getOrDefault(op.billedAs(), 0L);
  }

  public RequestCounts counts() {
    return new RequestCounts(requests, uploadedBytes, downloadedBytes);
  }

  public double dollars(PriceList prices) {
    return prices.dollars(counts());
  }

  @Override
  public String toString() {
    return counts().toString();
  }
}
