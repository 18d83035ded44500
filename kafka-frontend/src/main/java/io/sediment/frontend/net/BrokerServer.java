package io.sediment.frontend.net;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.timeout.IdleStateHandler;
import io.sediment.frontend.handler.ClientInfo;
import io.sediment.frontend.handler.HandlerRegistry;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Ticker;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for Kafka clients and runs their connections on a few event loops, with epoll where the
 * system has it.
 */
public final class BrokerServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BrokerServer.class);
  private static final int ACCEPT_BACKLOG = 1024;
  private static final int PAGE_BYTES = 8192;
  private static final int CHUNK_ORDER = 9; // chunks of 4 MB
  private static final int SMALL_CACHE = 256;
  private static final int NORMAL_CACHE = 64;
  private static final int WRITABLE_BELOW_BYTES = 256 << 10;
  private static final int UNWRITABLE_ABOVE_BYTES = 1 << 20;

  private final BrokerServerConfig config;
  private final HandlerRegistry handlers;
  private final Ticker ticker;
  private final RequestMemory memory;
  private final RequestMetrics metrics;
  private final LimitedLog limitedLog;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private final AtomicLong nextConnectionId = new AtomicLong();
  private final EventLoopGroup acceptLoop;
  private final EventLoopGroup ioLoops;
  private final Channel listening;
  private volatile boolean turningAway;

  private BrokerServer(
      BrokerServerConfig config,
      HandlerRegistry handlers,
      MemoryBudget budget,
      Ticker ticker,
      MeterRegistry registry)
      throws InterruptedException {
    this.config = config;
    this.handlers = handlers;
    this.ticker = ticker;
    this.memory = new RequestMemory(budget);
    this.metrics = new RequestMetrics(registry, memory);
    this.limitedLog = new LimitedLog(log, ticker);
    boolean epoll = Epoll.isAvailable();
    this.acceptLoop = eventLoops(epoll, 1, new NamedThreads("kafka-accept"));
    this.ioLoops = eventLoops(epoll, config.ioThreads(), new NamedThreads("kafka-io"));
    Class<? extends ServerChannel> channelType =
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    try {
      this.listening =
          new ServerBootstrap()
              .group(acceptLoop, ioLoops)
              .channel(channelType)
              .option(ChannelOption.SO_BACKLOG, ACCEPT_BACKLOG)
              .option(ChannelOption.SO_REUSEADDR, true)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.SO_KEEPALIVE, true)
              .childOption(ChannelOption.ALLOCATOR, allocator(config.ioThreads()))
              .childOption(ChannelOption.MESSAGE_SIZE_ESTIMATOR, new ResponseSizes())
              .childOption(
                  ChannelOption.WRITE_BUFFER_WATER_MARK,
                  new WriteBufferWaterMark(WRITABLE_BELOW_BYTES, UNWRITABLE_ABOVE_BYTES))
              .childHandler(
                  new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                      accepted(channel);
                    }
                  })
              .bind(config.host(), config.port())
              .sync()
              .channel();
    } catch (Throwable failed) { // bind's IOException comes out undeclared
      acceptLoop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      ioLoops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw failed;
    }
  }

  /**
   * Binds and serves.
   *
   * @param budget what it reserves for requests is all that they get
   * @throws RuntimeException or an undeclared {@code BindException} if the address cannot be bound
   */
  public static BrokerServer start(
      BrokerServerConfig config,
      HandlerRegistry handlers,
      MemoryBudget budget,
      Ticker ticker,
      MeterRegistry registry)
      throws InterruptedException {
    return new BrokerServer(config, handlers, budget, ticker, registry);
  }

  static EventLoopGroup eventLoops(boolean epoll, int threads, ThreadFactory factory) {
    return epoll
        ? new EpollEventLoopGroup(threads, factory)
        : new NioEventLoopGroup(threads, factory);
  }

  /** One direct arena per event loop, so that what Netty may hold is known. */
  private static PooledByteBufAllocator allocator(int ioThreads) {
    return new PooledByteBufAllocator(
        true, 1, ioThreads, PAGE_BYTES, CHUNK_ORDER, SMALL_CACHE, NORMAL_CACHE, false);
  }

  private void accepted(SocketChannel channel) {
    if (metrics.connections.incrementAndGet() > config.connectionsMax()) {
      metrics.connections.decrementAndGet();
      metrics.refusedConnection();
      limitedLog.warn(
          "refusing connection from "
              + channel.remoteAddress()
              + ": connectionsMax="
              + config.connectionsMax());
      channel.close();
      return;
    }
    InetSocketAddress remote = channel.remoteAddress();
    ClientInfo client =
        new ClientInfo(
            nextConnectionId.incrementAndGet(),
            remote.getAddress(),
            remote.getPort(),
            config.listener(),
            ClientInfo.UNKNOWN,
            ClientInfo.UNKNOWN);
    Connection connection = new Connection(this, channel, client);
    connections.add(connection);
    channel
        .pipeline()
        .addLast(
            new IdleStateHandler(
                false, 0, 0, config.idleTimeout().toMillis(), TimeUnit.MILLISECONDS))
        .addLast(connection);
    if (turningAway) { // after it was added, so that none slips between
      channel.close();
    }
  }

  void connectionClosed(Connection connection) {
    if (connections.remove(connection)) {
      metrics.connections.decrementAndGet();
    }
  }

  /** The bound port. */
  public int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  /** Connections that are open now. */
  public int connectionCount() {
    return connections.size();
  }

  /** Request bytes that have arrived and are not consumed. */
  public long requestMemoryBytes() {
    return memory.usedBytes();
  }

  BrokerServerConfig config() {
    return config;
  }

  /** One connection is kept from taking all memory for requests. */
  long pipelineBytesMax() {
    return Math.min(config.pipelineBytesMax(), memory.limitBytes() / 4);
  }

  HandlerRegistry handlers() {
    return handlers;
  }

  Ticker ticker() {
    return ticker;
  }

  RequestMemory memory() {
    return memory;
  }

  RequestMetrics metrics() {
    return metrics;
  }

  LimitedLog limitedLog() {
    return limitedLog;
  }

  /**
   * Closes every connection now, and new ones as they come, for clients to bootstrap elsewhere.
   *
   * @param turnAway false to serve again
   */
  public void turnAway(boolean turnAway) {
    turningAway = turnAway;
    if (turnAway) {
      connections.forEach(Connection::closeQuietly);
    }
  }

  /**
   * Stops listening, answers what is under way for at most the drain timeout, and closes. Blocks
   * until it is done.
   */
  @Override
  public void close() {
    listening.close().awaitUninterruptibly();
    connections.forEach(Connection::closeWhenIdle);
    long begun = ticker.nanoTime();
    try {
      synchronized (this) {
        while (!connections.isEmpty()
            && ticker.nanoTime() - begun < config.drainTimeout().toNanos()) {
          wait(10);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connections.forEach(Connection::closeQuietly);
    acceptLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    ioLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
