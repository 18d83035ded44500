package io.sediment.objectstore.s3;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.nio.NioSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A connection that tells a request body which connection it is being sent on.
 *
 * <p>The SDK does not say so. But it hands a request, body and all, to {@link #writeAndFlush} of
 * the connection, on the connection's event loop, and from inside that call its pipeline subscribes
 * to the body: so {@link #current()} at the time of subscription is the answer.
 */
final class BodyChannel extends NioSocketChannel {
  private static final ThreadLocal<@Nullable Channel> CURRENT = new ThreadLocal<>();

  /** The connection that is starting to send a request on this thread, if one is. */
  static @Nullable Channel current() {
    return CURRENT.get();
  }

  @Override
  public ChannelFuture writeAndFlush(Object message) {
    if (!eventLoop().inEventLoop()) {
      return super.writeAndFlush(message);
    }
    @Nullable Channel outer = CURRENT.get();
    CURRENT.set(this);
    try {
      return super.writeAndFlush(message);
    } finally {
      CURRENT.set(outer);
    }
  }
}
