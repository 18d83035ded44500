package io.sediment.objectstore.s3;

import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where the bucket is and how to talk to it. Credentials are found by the SDK's default chain.
 *
 * @param keyPrefix put before every key; empty, or a folder path ending in {@code '/'}
 * @param endpoint a server other than Amazon's, spoken to in path style; null for Amazon's own
 * @param chunkedEncoding off for servers that refuse {@code aws-chunked} bodies (Ceph RGW 16); over
 *     plain http, off costs a copy and a SHA-256 of every body
 * @param maxConnections of one store; calls beyond wait for a connection
 * @param ioThreads that move bytes and complete futures
 * @param connectTimeout until a connection is there, TLS included
 * @param requestTimeout from the call to the last byte of the answer, waiting for a connection
 *     included
 */
public record S3StoreConfig(
    String bucket,
    String keyPrefix,
    String region,
    @Nullable URI endpoint,
    ChecksumMode checksumMode,
    boolean chunkedEncoding,
    int maxConnections,
    int ioThreads,
    Duration connectTimeout,
    Duration requestTimeout) {

  /** Whether checksums travel with every body or only where the protocol demands it. */
  public enum ChecksumMode {
    /** CRC32C with every body; stored checksums are checked on whole reads. */
    WHEN_SUPPORTED,
    /** For servers that refuse or mistake checksum headers. */
    WHEN_REQUIRED
  }

  public S3StoreConfig {
    if (bucket.isEmpty() || region.isEmpty()) {
      throw new IllegalArgumentException("s3: bucket=" + bucket + " region=" + region);
    }
    if (keyPrefix.startsWith("/") || !(keyPrefix.isEmpty() || keyPrefix.endsWith("/"))) {
      throw new IllegalArgumentException("s3 key prefix is no folder path: " + keyPrefix);
    }
    if (maxConnections < 1 || ioThreads < 1) {
      throw new IllegalArgumentException(
          "s3: maxConnections=" + maxConnections + " ioThreads=" + ioThreads);
    }
  }

  /** Amazon's S3 with the settings that suit a broker. */
  public static S3StoreConfig of(String bucket, String region) {
    return new S3StoreConfig(
        bucket,
        "",
        region,
        null,
        ChecksumMode.WHEN_SUPPORTED,
        true,
        64,
        2,
        Duration.ofSeconds(3),
        Duration.ofSeconds(30));
  }

  /** The same below a folder of the bucket; slashes at its ends do not matter. */
  public S3StoreConfig withKeyPrefix(String folder) {
    String inner = folder.replaceAll("^/+|/+$", "");
    return new S3StoreConfig(
        bucket,
        inner.isEmpty() ? "" : inner + "/",
        region,
        endpoint,
        checksumMode,
        chunkedEncoding,
        maxConnections,
        ioThreads,
        connectTimeout,
        requestTimeout);
  }

  /** The same on another server. */
  public S3StoreConfig withEndpoint(@Nullable URI server) {
    return new S3StoreConfig(
        bucket,
        keyPrefix,
        region,
        server,
        checksumMode,
        chunkedEncoding,
        maxConnections,
        ioThreads,
        connectTimeout,
        requestTimeout);
  }

  /** The same with what a server's dialect needs. */
  public S3StoreConfig withDialect(ChecksumMode checksums, boolean chunked) {
    return new S3StoreConfig(
        bucket,
        keyPrefix,
        region,
        endpoint,
        checksums,
        chunked,
        maxConnections,
        ioThreads,
        connectTimeout,
        requestTimeout);
  }

  /** The same with other resources. */
  public S3StoreConfig withResources(int connections, int threads) {
    return new S3StoreConfig(
        bucket,
        keyPrefix,
        region,
        endpoint,
        checksumMode,
        chunkedEncoding,
        connections,
        threads,
        connectTimeout,
        requestTimeout);
  }

  /** The same with other patience. */
  public S3StoreConfig withTimeouts(Duration connect, Duration request) {
    return new S3StoreConfig(
        bucket,
        keyPrefix,
        region,
        endpoint,
        checksumMode,
        chunkedEncoding,
        maxConnections,
        ioThreads,
        connect,
        request);
  }
}
