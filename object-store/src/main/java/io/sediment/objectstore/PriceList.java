package io.sediment.objectstore;

/**
 * What requests cost, in US dollars; storage is not in it. Bytes are decimal gigabytes, as bills
 * have them.
 *
 * @param perThousandPuts also copies, and each step of a multipart upload
 * @param perThousandLists pages of listings
 */
public record PriceList(
    String name,
    double perThousandPuts,
    double perThousandLists,
    double perThousandGets,
    double perUploadedGb,
    double perDownloadedGb) {
  /** Amazon S3 Standard in us-east-1, within the region. */
  public static final PriceList S3_STANDARD =
      new PriceList("S3 Standard", 0.005, 0.005, 0.0004, 0, 0);

  /** Amazon S3 Express One Zone in us-east-1. */
  public static final PriceList S3_EXPRESS =
      new PriceList("S3 Express One Zone", 0.00113, 0.00113, 0.00003, 0.0032, 0.0006);

  private static final double GB = 1e9;

  /** Dollars for all of {@code counts}. */
  public double dollars(RequestCounts counts) {
    double sum =
        counts.uploadedBytes() / GB * perUploadedGb
            + counts.downloadedBytes() / GB * perDownloadedGb;
    for (StoreOperation operation : StoreOperation.values()) {
      sum += counts.of(operation) / 1000.0 * perThousand(operation.price());
    }
    return sum;
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
