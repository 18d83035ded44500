package io.sediment.objectstore.s3;

import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.Future;
import io.sediment.runtime.NamedThreads;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.utils.IoUtils;

/** The SDK's client with the threads and connections it runs on, made and taken down together. */
final class S3Connections {
  /** How long the I/O threads listen to each other while their connections break. */
  private static final int CLOSE_QUIET_MILLIS = 200;

  private static final int CLOSE_MILLIS_MAX = 5_000;

  private final NioEventLoopGroup ioThreads;
  private final ScheduledThreadPoolExecutor timer;
  private final SdkAsyncHttpClient http;
  private final AwsCredentialsProvider credentials;
  private final S3AsyncClient client;
  private final AtomicBoolean closed = new AtomicBoolean();

  private S3Connections(
      NioEventLoopGroup ioThreads,
      ScheduledThreadPoolExecutor timer,
      SdkAsyncHttpClient http,
      AwsCredentialsProvider credentials,
      S3AsyncClient client) {
    this.ioThreads = ioThreads;
    this.timer = timer;
    this.http = http;
    this.credentials = credentials;
    this.client = client;
  }

  static S3Connections open(S3StoreConfig config, String name, AwsCredentialsProvider credentials) {
    NioEventLoopGroup ioThreads =
        new NioEventLoopGroup(config.ioThreads(), new NamedThreads("s3-" + name));
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(1, new NamedThreads("s3-" + name + "-timer"));
    timer.setRemoveOnCancelPolicy(true);
    SdkAsyncHttpClient http =
        NettyNioAsyncHttpClient.builder()
            .eventLoopGroup(SdkEventLoopGroup.create(ioThreads, BodyChannel::new))
            .maxConcurrency(config.maxConnections())
            .connectionTimeout(config.connectTimeout())
            .tlsNegotiationTimeout(config.connectTimeout())
            .connectionAcquisitionTimeout(config.requestTimeout())
            .readTimeout(config.requestTimeout())
            .writeTimeout(config.requestTimeout())
            .tcpKeepAlive(true)
            .build();
    return new S3Connections(
        ioThreads, timer, http, credentials, client(config, http, timer, credentials));
  }

  private static S3AsyncClient client(
      S3StoreConfig config,
      SdkAsyncHttpClient http,
      ScheduledThreadPoolExecutor timer,
      AwsCredentialsProvider credentials) {
    boolean checksums = config.checksumMode() == S3StoreConfig.ChecksumMode.WHEN_SUPPORTED;
    S3AsyncClientBuilder builder =
        S3AsyncClient.builder()
            .httpClient(http)
            .credentialsProvider(credentials)
            .region(Region.of(config.region()))
            .multipartEnabled(false)
            .requestChecksumCalculation(
                checksums
                    ? RequestChecksumCalculation.WHEN_SUPPORTED
                    : RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(
                checksums
                    ? ResponseChecksumValidation.WHEN_SUPPORTED
                    : ResponseChecksumValidation.WHEN_REQUIRED)
            .serviceConfiguration(
                S3Configuration.builder()
                    .chunkedEncodingEnabled(config.chunkedEncoding())
                    .expectContinueEnabled(false) // a round trip more for every large put
                    .build())
            // Futures complete on the I/O thread that saw the answer: no hop to yet another pool.
            .asyncConfiguration(
                async ->
                    async.advancedOption(
                        SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, Runnable::run))
            .overrideConfiguration(
                override ->
                    override
                        .retryStrategy(AwsRetryStrategy.doNotRetry())
                        .scheduledExecutorService(timer)
                        .apiCallTimeout(config.requestTimeout()));
    if (config.endpoint() != null) {
      builder.endpointOverride(config.endpoint()).forcePathStyle(true);
    }
    return builder.build();
  }

  S3AsyncClient client() {
    return client;
  }

  /**
   * Breaks all connections.
   *
   * @param whenNothingRuns runs once, when no I/O thread can send or answer any more
   */
  void close(Runnable whenNothingRuns) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    client.close();
    http.close();
    IoUtils.closeIfCloseable(credentials, null);
    timer.shutdown();
    Future<?> end =
        ioThreads.shutdownGracefully(CLOSE_QUIET_MILLIS, CLOSE_MILLIS_MAX, TimeUnit.MILLISECONDS);
    end.addListener(done -> whenNothingRuns.run());
  }
}
