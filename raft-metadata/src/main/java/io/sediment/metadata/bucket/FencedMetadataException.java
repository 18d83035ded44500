package io.sediment.metadata.bucket;

/**
 * A newer incarnation of the cluster has taken the bucket over. This process must stop: nothing it
 * does can take effect any more.
 */
public final class FencedMetadataException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public FencedMetadataException(String message) {
    super(message);
  }
}
