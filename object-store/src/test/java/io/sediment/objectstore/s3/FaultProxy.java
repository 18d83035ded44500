package io.sediment.objectstore.s3;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.sediment.runtime.NamedThreads;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of any S3 server over plain HTTP/1.1 and does to requests and answers what
 * networks and busy servers do: one {@link ProxyFault} per request, as a {@link FaultScript} says,
 * and an {@link AnswerDelay}.
 *
 * <p>A request is passed on byte for byte, so that its signature (which covers the host it was sent
 * to) stays valid. Each client connection has one of its own to each server. A server that fails to
 * answer costs the client its connection.
 */
public final class FaultProxy implements AutoCloseable {
  private static final int BODY_BYTES_MAX = 128 << 20;

  // So many that a connection hardly ever waits while the body of another one is copied.
  private static final int THREADS = 16;

  private final NioEventLoopGroup threads =
      new NioEventLoopGroup(THREADS, new NamedThreads("fault-proxy"));
  private final Route route;
  private final Channel listener;
  private final FaultScript script;
  private final AnswerDelay delay;
  private final ExchangeListener listening;
  private final Queue<FullHttpRequest> held = new ConcurrentLinkedQueue<>();
  private final Queue<Runnable> stalled = new ConcurrentLinkedQueue<>();
  private final AtomicInteger requests = new AtomicInteger();

  private FaultProxy(
      int port, Route route, FaultScript script, AnswerDelay delay, ExchangeListener listening) {
    this.listening = listening;
    this.route = route;
    this.script = script;
    this.delay = delay;
    this.listener =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel
                        .pipeline()
                        .addLast(new HttpServerCodec())
                        .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                        .addLast(new ClientSide());
                  }
                })
            .bind("127.0.0.1", port)
            .syncUninterruptibly()
            .channel();
  }

  /** A proxy on a free port. */
  public static FaultProxy start(URI server, FaultScript script, AnswerDelay delay) {
    return start(
        target -> server, script, delay, (method, target, delayed, serverTime, answerTime) -> {});
  }

  /** The same for several servers, telling how long they and the proxy took. */
  public static FaultProxy start(
      Route route, FaultScript script, AnswerDelay delay, ExchangeListener listening) {
    return new FaultProxy(0, route, script, delay, listening);
  }

  /** Which server requests for a target go to; one and the same for each key. */
  @FunctionalInterface
  public interface Route {
    URI server(String target);
  }

  /** Told of each answer that the server gave, when it is passed on; many threads call. */
  @FunctionalInterface
  public interface ExchangeListener {
    /**
     * All times are from the whole request's being here.
     *
     * @param delay when the answer was to be passed on
     * @param serverTime until the server's whole answer was here
     * @param answerTime until it is passed on
     */
    void answered(
        String method, String target, Duration delay, Duration serverTime, Duration answerTime);
  }

  public URI endpoint() {
    return URI.create(
        "http://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
  }

  /** Requests seen so far. */
  public int requests() {
    return requests.get();
  }

  /** Requests held back by {@link ProxyFault#DELIVER_LATE} and {@link ProxyFault#DELIVER_TWICE}. */
  public int heldRequests() {
    return held.size();
  }

  /**
   * Delivers the held requests to the server, one after the other.
   *
   * @return the status of each answer, when all are there
   */
  public CompletableFuture<List<Integer>> deliverHeld() {
    CompletableFuture<List<Integer>> statuses =
        CompletableFuture.completedFuture(new ArrayList<>());
    for (FullHttpRequest request = held.poll(); request != null; request = held.poll()) {
      FullHttpRequest late = request;
      statuses =
          statuses.thenCompose(
              soFar ->
                  new ServerSide(threads.next(), route.server(late.uri()))
                      .exchange(late, true)
                      .thenApply(
                          answer -> {
                            soFar.add(answer.status().code());
                            answer.release();
                            return soFar;
                          }));
    }
    return statuses;
  }

  /** Answers held back by {@link ProxyFault#STALL_ANSWER}. */
  public int stalledAnswers() {
    return stalled.size();
  }

  /** Lets the stalled answers go. */
  public void letGo() {
    for (Runnable answer = stalled.poll(); answer != null; answer = stalled.poll()) {
      answer.run();
    }
  }

  @Override
  public void close() {
    if (threads.isShuttingDown()) {
      return;
    }
    listener.close().syncUninterruptibly();
    threads.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private synchronized ProxyFault nextFault(FullHttpRequest request) {
    requests.incrementAndGet();
    return script.next(request.method().name(), request.uri());
  }

  private synchronized Duration nextDelay(FullHttpRequest request) {
    return delay.next(request.method().name(), request.uri());
  }

  /** One connection of a client; only its event loop calls. */
  private final class ClientSide extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final Map<URI, ServerSide> upstreams = new HashMap<>();

    @Override
    protected void channelRead0(ChannelHandlerContext client, FullHttpRequest request) {
      switch (nextFault(request)) {
        case LOSE_REQUEST -> client.close();
        case DELIVER_LATE -> {
          held.add(detached(request));
          client.close();
        }
        case DELIVER_TWICE -> {
          held.add(detached(request));
          pass(client, request, ClientSide::answer);
        }
        case CONFLICT -> refuse(client, request, HttpResponseStatus.CONFLICT, "OperationAborted");
        case PRECONDITION_FAILED ->
            refuse(client, request, HttpResponseStatus.PRECONDITION_FAILED, "PreconditionFailed");
        case SLOW_DOWN ->
            refuse(client, request, HttpResponseStatus.SERVICE_UNAVAILABLE, "SlowDown");
        case LOSE_ANSWER ->
            pass(
                client,
                request,
                (c, q, a) -> {
                  a.release();
                  c.close();
                });
        case INTERNAL_ERROR ->
            pass(
                client,
                request,
                (c, q, a) -> {
                  a.release();
                  refuse(c, q, HttpResponseStatus.INTERNAL_SERVER_ERROR, "InternalError");
                });
        case TRUNCATE_ANSWER -> pass(client, request, ClientSide::answerHalf);
        case CORRUPT_ANSWER ->
            pass(
                client,
                request,
                (c, q, a) -> {
                  flipMiddleBit(a.content());
                  answer(c, q, a);
                });
        case STALL_ANSWER ->
            pass(
                client,
                request,
                (c, q, a) -> stalled.add(() -> c.executor().execute(() -> answer(c, q, a))));
        case NONE -> pass(client, request, ClientSide::answer);
      }
    }

    private void pass(ChannelHandlerContext client, FullHttpRequest request, OnAnswer then) {
      ServerSide side =
          upstreams.computeIfAbsent(
              route.server(request.uri()),
              server -> new ServerSide(client.channel().eventLoop(), server));
      Duration delayed = nextDelay(request);
      long passedAt = System.nanoTime();
      side.exchange(request.retain(), false)
          .whenComplete(
              (answer, failure) -> {
                request.release();
                if (failure != null) {
                  client.close();
                  return;
                }
                Duration serverTime = Duration.ofNanos(System.nanoTime() - passedAt);
                Runnable passOn =
                    () -> {
                      listening.answered(
                          request.method().name(),
                          request.uri(),
                          delayed,
                          serverTime,
                          Duration.ofNanos(System.nanoTime() - passedAt));
                      then.accept(client, request, answer);
                    };
                long leftNanos = delayed.minus(serverTime).toNanos();
                if (leftNanos <= 0) {
                  passOn.run();
                } else {
                  client.executor().schedule(passOn, leftNanos, TimeUnit.NANOSECONDS);
                }
              });
    }

    private static void answer(
        ChannelHandlerContext client, FullHttpRequest request, FullHttpResponse answer) {
      boolean last = !HttpUtil.isKeepAlive(request) || !HttpUtil.isKeepAlive(answer);
      client
          .writeAndFlush(answer)
          .addListener(last ? ChannelFutureListener.CLOSE : ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    private static void answerHalf(
        ChannelHandlerContext client, FullHttpRequest request, FullHttpResponse answer) {
      ByteBuf body = answer.content();
      ByteBuf half = body.readSlice(body.readableBytes() / 2); // Content-Length still says all
      client.writeAndFlush(answer.replace(half)).addListener(ChannelFutureListener.CLOSE);
    }

    private static void refuse(
        ChannelHandlerContext client,
        FullHttpRequest request,
        HttpResponseStatus status,
        String code) {
      String body =
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>"
              + code
              + "</Code><Message>as the fault script says</Message></Error>";
      ByteBuf bytes =
          request.method().name().equals("HEAD")
              ? Unpooled.EMPTY_BUFFER
              : Unpooled.copiedBuffer(body, StandardCharsets.UTF_8);
      FullHttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, bytes);
      answer.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/xml");
      HttpUtil.setContentLength(answer, bytes.readableBytes());
      answer(client, request, answer);
    }

    private static void flipMiddleBit(ByteBuf body) {
      if (body.isReadable()) {
        int middle = body.readerIndex() + body.readableBytes() / 2;
        body.setByte(middle, body.getByte(middle) ^ 1);
      }
    }

    /** A copy on the heap that lives as long as somebody refers to it. */
    private static FullHttpRequest detached(FullHttpRequest request) {
      return request.replace(Unpooled.copiedBuffer(request.content()));
    }

    @Override
    public void channelInactive(ChannelHandlerContext client) {
      upstreams.values().forEach(ServerSide::close);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext client, Throwable failure) {
      client.close();
    }
  }

  /** What to do with the server's answer, on the client's event loop. */
  private interface OnAnswer {
    void accept(ChannelHandlerContext client, FullHttpRequest request, FullHttpResponse answer);
  }

  /** One connection to the server, made when first needed; only its event loop touches it. */
  private final class ServerSide extends SimpleChannelInboundHandler<FullHttpResponse> {
    private final EventLoop loop;
    private final URI server;
    private final Queue<CompletableFuture<FullHttpResponse>> waiting = new ArrayDeque<>();
    private @Nullable Channel connection;

    ServerSide(EventLoop loop, URI server) {
      super(false);
      this.loop = loop;
      this.server = server;
    }

    @Override
    public boolean isSharable() {
      return true; // one handler for a connection and the ones that replace it
    }

    CompletableFuture<FullHttpResponse> exchange(FullHttpRequest request, boolean only) {
      CompletableFuture<FullHttpResponse> answer = new CompletableFuture<>();
      loop.execute(() -> send(request, answer));
      return only ? answer.whenComplete((a, f) -> close()) : answer;
    }

    private void send(FullHttpRequest request, CompletableFuture<FullHttpResponse> answer) {
      Channel open = connection;
      if (open != null && open.isActive()) {
        write(open, request, answer);
        return;
      }
      new Bootstrap()
          .group(loop)
          .channel(NioSocketChannel.class)
          .option(ChannelOption.TCP_NODELAY, true)
          .handler(
              new ChannelInitializer<SocketChannel>() {
                @Override
                protected void initChannel(SocketChannel channel) {
                  channel
                      .pipeline()
                      .addLast(new HttpClientCodec())
                      .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                      .addLast(ServerSide.this);
                }
              })
          .connect(server.getHost(), server.getPort())
          .addListener(
              (ChannelFutureListener)
                  made -> {
                    if (made.isSuccess()) {
                      connection = made.channel();
                      write(made.channel(), request, answer);
                    } else {
                      answer.completeExceptionally(made.cause());
                    }
                  });
    }

    private void write(
        Channel open, FullHttpRequest request, CompletableFuture<FullHttpResponse> answer) {
      waiting.add(answer);
      open.writeAndFlush(request.retainedDuplicate())
          .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse answer) {
      CompletableFuture<FullHttpResponse> next = waiting.poll();
      if (next == null) {
        answer.release();
        ctx.close();
      } else {
        next.complete(answer);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      for (CompletableFuture<FullHttpResponse> next = waiting.poll();
          next != null;
          next = waiting.poll()) {
        next.completeExceptionally(new IllegalStateException("the server hung up"));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
      ctx.close();
    }

    void close() {
      loop.execute(
          () -> {
            if (connection != null) {
              connection.close();
            }
          });
    }
  }

  /**
   * Runs a proxy until the process is killed. Arguments in pairs: {@code --server} (the S3 server's
   * URL), {@code --port} (0: a free one), {@code --seed}, {@code --fault-percent} (0), {@code
   * --latency} ({@code none} or {@code s3-standard}). Held requests are delivered every second.
   * Prints one line when ready.
   */
  public static void main(String[] arguments) throws InterruptedException {
    Map<String, String> options = S3LoopbackServer.options(arguments);
    long seed = Long.parseLong(options.getOrDefault("--seed", "1"));
    int percent = Integer.parseInt(options.getOrDefault("--fault-percent", "0"));
    boolean slow = options.getOrDefault("--latency", "none").equals("s3-standard");
    URI server = URI.create(options.getOrDefault("--server", "http://127.0.0.1:9000"));
    FaultProxy proxy =
        new FaultProxy(
            Integer.parseInt(options.getOrDefault("--port", "0")),
            target -> server,
            FaultScript.seeded(seed, percent),
            slow ? AnswerDelay.likeS3Standard(seed) : AnswerDelay.none(),
            (method, target, delayed, serverTime, answerTime) -> {});
    proxy.threads.scheduleAtFixedRate(proxy::deliverHeld, 1, 1, TimeUnit.SECONDS);
    System.out.println("ready endpoint=" + proxy.endpoint() + " seed=" + seed);
    new CountDownLatch(1).await();
  }
}
