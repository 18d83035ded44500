package io.sediment.objectstore;

/**
 * What requests and storage cost, in US dollars. Bytes are decimal gigabytes, as bills have them.
 *
 * @param perThousandPuts also copies, and each step of a multipart upload
 * @param perThousandLists pages of listings
 * @param perStoredGbMonth for a gigabyte that is there all month
 */
public record PriceList(
    String name,
    double perThousandPuts,
    double perThousandLists,
    double perThousandGets,
    double perUploadedGb,
    double perDownloadedGb,
    double perStoredGbMonth) {
  /** Amazon S3 Standard in us-east-1, within the region. */
  public static final PriceList S3_STANDARD =
      new PriceList("S3 Standard", 0.005, 0.005, 0.0004, 0, 0, 0.023);

  /** Amazon S3 Express One Zone in us-east-1. */
  public static final PriceList S3_EXPRESS =
      new PriceList("S3 Express One Zone", 0.00113, 0.00113, 0.00003, 0.0032, 0.0006, 0.11);

  private static final double GB = 1e9;

  /** Dollars for all of {@code counts}, storage not among them. */
  public double dollars(RequestCounts counts) {
    double sum =
        counts.uploadedBytes() / GB * perUploadedGb
            + counts.downloadedBytes() / GB * perDownloadedGb;
    for (StoreOperation operation : StoreOperation.values()) {
      sum += counts.of(operation) / 1000.0 * perThousand(operation.price());
    }
    return sum;
  }

  /** Dollars a month for keeping {@code bytes}. */
  public double dollarsPerMonth(long bytes) {
    return bytes / GB * perStoredGbMonth;
  }

  private double perThousand(StoreOperation.Price price) {
    return switch (price) {
      case PUT -> perThousandPuts;
      case GET -> perThousandGets;
      case LIST -> perThousandLists;
      case FREE -> 0;
    };
  }
}
