package io.sediment.objectstore.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.nio.NioEventLoopGroup;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/** Bodies are sent from the caller's memory, and only until the caller is told that it is free. */
class BodyInFlightTest {
  private static final int BODY_BYTES = 64 << 20; // more than the buffers of two sockets hold

  @Test
  void largeBuffersAreSentFromWhereTheyAre() {
    S3StoreConfig config;
    try (S3LoopbackServer server = S3LoopbackServer.inMemory()) {
      config = server.config();
      S3Connections connections =
          S3Connections.open(
              config,
              "test",
              StaticCredentialsProvider.create(
                  AwsBasicCredentials.create(
                      S3LoopbackServer.ACCESS_KEY, S3LoopbackServer.SECRET_KEY)));
      BodyInFlight body = new BodyInFlight(ObjectBody.of(ByteBuffer.allocateDirect(3 << 20)));
      Await.result(
          connections
              .client()
              .putObject(
                  PutObjectRequest.builder()
                      .bucket(config.bucket())
                      .key("large")
                      .checksumCRC32C("rc5xxQ==") // anything: refused or not, the body is sent
                      .build(),
                  body)
              .handle((response, failure) -> body.lentBytes()));
      assertThat(body.lentBytes()).isEqualTo(3 << 20);
      connections.close(() -> {});
    }
  }

  @Test
  void aBodyIsGivenBackOnlyWhenItsConnectionIsClosed() throws Exception {
    NioEventLoopGroup threads = new NioEventLoopGroup(1, new NamedThreads("body-test"));
    try (ServerSocket deaf = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      BodyInFlight body = new BodyInFlight(ObjectBody.of(ByteBuffer.allocateDirect(1 << 20)));
      Channel connection = connectionThatSends(body, threads, deaf);
      CompletableFuture<Boolean> openWhenGivenBack = new CompletableFuture<>();
      CompletableFuture<Void> goOn = new CompletableFuture<>();
      connection.eventLoop().execute(() -> Await.result(goOn)); // busy, as if sending

      body.release(() -> openWhenGivenBack.complete(connection.isOpen()));

      assertThat(openWhenGivenBack).isNotDone();
      goOn.complete(null);
      assertThat(Await.result(openWhenGivenBack)).isFalse();
    } finally {
      threads.shutdownGracefully(0, 5, TimeUnit.SECONDS);
    }
  }

  @Test
  void aBodyThatWasGivenBackLetsNothingOut() {
    BodyInFlight body = new BodyInFlight(ObjectBody.of(ByteBuffer.allocateDirect(1 << 20)));
    CompletableFuture<Boolean> givenBack = new CompletableFuture<>();
    body.release(() -> givenBack.complete(true));
    assertThat(givenBack).isCompletedWithValue(true);

    Taking late = new Taking();
    body.subscribe(late);

    assertThat(late.end).isCompletedExceptionally();
    assertThat(late.bytes).isZero();
  }

  @Test
  void readersOtherThanConnectionsGetCopies() {
    ByteBuffer memory = ByteBuffer.allocateDirect(1 << 20);
    BodyInFlight body = new BodyInFlight(ObjectBody.of(memory));
    Taking elsewhere = new Taking();
    body.subscribe(elsewhere);

    assertThat(elsewhere.end).isCompleted();
    assertThat(elsewhere.bytes).isEqualTo(1 << 20);
    assertThat(body.lentBytes()).isZero();
  }

  private static Channel connectionThatSends(
      BodyInFlight body, NioEventLoopGroup threads, ServerSocket to) {
    ChannelOutboundHandlerAdapter sender =
        new ChannelOutboundHandlerAdapter() {
          @Override
          public void write(ChannelHandlerContext context, Object message, ChannelPromise done) {
            body.subscribe(new Taking());
            done.setSuccess();
          }
        };
    Channel connection =
        new Bootstrap()
            .group(threads)
            .channelFactory(BodyChannel::new)
            .handler(sender)
            .connect(to.getLocalSocketAddress())
            .syncUninterruptibly()
            .channel();
    connection
        .eventLoop()
        .submit(() -> connection.writeAndFlush("a request"))
        .syncUninterruptibly();
    assertThat(body.lentBytes()).isEqualTo(1 << 20);
    return connection;
  }

  /** Takes all there is. */
  private static final class Taking implements Subscriber<ByteBuffer> {
    final CompletableFuture<Void> end = new CompletableFuture<>();
    long bytes;

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer piece) {
      bytes += piece.remaining();
    }

    @Override
    public void onError(Throwable error) {
      end.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      end.complete(null);
    }
  }

  @Test
  void afterAnUnknownOutcomeNothingReadsTheBodyAnyMore() throws Exception {
    try (ServerSocket deaf = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      S3StoreConfig config =
          S3StoreConfig.of("bucket", "us-east-1")
              .withEndpoint(URI.create("http://127.0.0.1:" + deaf.getLocalPort()))
              .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(2));
      try (ObjectStore store = S3LoopbackServer.open(config)) {
        ByteBuffer memory = ByteBuffer.allocateDirect(BODY_BYTES);
        CompletableFuture<?> put =
            store.putIfAbsent(new ObjectKey("key"), ObjectBody.of(memory.duplicate()));
        try (Socket connection = deaf.accept()) {
          assertThat(Await.failure(put)).isInstanceOf(ObjectStoreException.Unavailable.class);
          // The memory is ours again: what we write there now must never reach the server.
          for (int i = 0; i < memory.capacity(); i += Long.BYTES) {
            memory.putLong(i, -1L);
          }
          assertThat(reusedBytesIn(connection.getInputStream())).isZero();
        }
      }
    }
  }

  private static long reusedBytesIn(InputStream received) {
    long reused = 0;
    byte[] some = new byte[1 << 16];
    try {
      for (int n = received.read(some); n >= 0; n = received.read(some)) {
        for (int i = 0; i < n; i++) {
          if (some[i] == -1) {
            reused++;
          }
        }
      }
    } catch (IOException reset) {
      return reused; // as good an end as any
    }
    return reused;
  }
}
