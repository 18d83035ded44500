package io.sediment.frontend.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.sediment.runtime.NamedThreads;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;

/**
 * A Kafka client of a broker in this process that waits for each answer before it goes on. For one
 * thread, which blocks.
 */
public final class LoopbackClient implements AutoCloseable {
  private static final int ANSWER_BYTES_MAX = 8 << 20;
  private static final ByteBuffer END = ByteBuffer.allocate(0);

  private final long patienceMs;
  private final EventLoopGroup loop;
  private final Channel channel;
  private final BlockingQueue<ByteBuffer> answers = new LinkedBlockingQueue<>();
  private int nextCorrelationId;

  /**
   * @param patienceMs for each answer
   */
  public LoopbackClient(int port, long patienceMs) throws InterruptedException {
    this.patienceMs = patienceMs;
    boolean epoll = Epoll.isAvailable();
    loop = BrokerServer.eventLoops(epoll, 1, new NamedThreads("loopback"));
    Channel connected = null;
    try {
      connected =
          new Bootstrap()
              .group(loop)
              .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
              .option(ChannelOption.TCP_NODELAY, true)
              .handler(
                  new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel opened) {
                      opened.pipeline().addLast(new Answers(opened));
                    }
                  })
              .connect(InetAddress.getLoopbackAddress(), port)
              .sync()
              .channel();
    } finally {
      if (connected == null) {
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      }
    }
    channel = connected;
  }

  /** Puts whole answers into the queue. */
  private final class Answers extends ChannelInboundHandlerAdapter {
    private final FrameReader reader = new FrameReader(ANSWER_BYTES_MAX);

    Answers(Channel channel) {
      channel.config().setRecvByteBufAllocator(new ReceiveAllocator(reader, bytes -> {}));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
      ReferenceCountUtil.release(message); // the reader has its own reference to the same buffer
      for (ByteBuf body = reader.next(); body != null; body = reader.next()) {
        ByteBuffer copy = ByteBuffer.allocate(body.readableBytes());
        body.readBytes(copy);
        body.release();
        answers.add(copy.flip());
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      reader.close();
      answers.add(END);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close(); // whoever waits sees the end
    }
  }

  /**
   * @throws IOException where the broker closes the connection or does not answer in time
   */
  public ApiMessage call(ApiMessage request, short version)
      throws IOException, InterruptedException {
    RequestHeader header =
        new RequestHeader(
            ApiKeys.forId(request.apiKey()), version, "loopback", nextCorrelationId++);
    ByteBuffer body =
        RequestUtils.serialize(header.data(), header.headerVersion(), request, version);
    channel.writeAndFlush(
        Unpooled.wrappedBuffer(
            ByteBuffer.allocate(FrameReader.SIZE_BYTES).putInt(body.remaining()).flip(), body));
    ByteBuffer answer = answers.poll(patienceMs, TimeUnit.MILLISECONDS);
    if (answer == null || answer == END) {
      throw new EOFException(
          header.apiKey() + (answer == END ? ": closed" : ": no answer in " + patienceMs + " ms"));
    }
    return AbstractResponse.parseResponse(answer, header).data();
  }

  @Override
  public void close() {
    channel.close().awaitUninterruptibly();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
