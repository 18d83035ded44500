package io.sediment.objectstore.s3;

import io.netty.channel.Channel;
import io.sediment.objectstore.ObjectBody;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncRequestBody;

/**
 * One attempt to send a body from the caller's memory, which knows when nothing reads that memory
 * any more.
 *
 * <p>Large buffers are handed to the connection as they are. It may still be reading them when the
 * SDK has long given the request up (a time-out fires on another thread), so {@link #release} first
 * closes that connection and waits for the close, which happens on the only thread that reads. Runs
 * of small buffers are gathered into one copy, since every buffer costs a system call. Whoever
 * subscribes from elsewhere than a connection (the SDK's own hashing, where it is on) gets copies
 * only.
 *
 * <p>When an answer has been read there is nothing to wait for: the SDK begins to read only after
 * the last byte of the request has gone to the kernel.
 */
final class BodyInFlight implements AsyncRequestBody {
  /** From here on a system call is cheaper than a copy. */
  static final int SMALL_BUFFER_BYTES = 32 << 10;

  private static final int GATHERED_BYTES_MAX = 256 << 10;

  private final ObjectBody body;

  // Guarded by this.
  private final Set<Channel> readers = new HashSet<>();
  private boolean released;
  private long lentBytes;

  BodyInFlight(ObjectBody body) {
    this.body = body;
  }

  @Override
  public Optional<Long> contentLength() {
    return Optional.of(body.length());
  }

  @Override
  public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
    subscriber.onSubscribe(new Sending(subscriber, BodyChannel.current()));
  }

  /** Bytes handed out without a copy, by all subscriptions together. */
  synchronized long lentBytes() {
    return lentBytes;
  }

  /**
   * Lets no more bytes out, breaks the connections that have got some, and runs {@code done} when
   * none of them can read any more: at once, or on an I/O thread.
   */
  void release(Runnable done) {
    List<Channel> toClose;
    synchronized (this) {
      released = true;
      toClose = new ArrayList<>(readers);
    }
    closeAll(toClose, done);
  }

  private static void closeAll(List<Channel> channels, Runnable done) {
    if (channels.isEmpty()) {
      done.run();
      return;
    }
    Channel last = channels.remove(channels.size() - 1);
    last.close();
    last.closeFuture().addListener(closed -> closeAll(channels, done));
  }

  /** The next piece to send, or null where the body has been released. */
  private synchronized @Nullable ByteBuffer lend(
      ByteBuffer[] views, int from, int to, @Nullable Channel reader) {
    if (released) {
      return null;
    }
    if (to - from == 1 && reader != null && views[from].remaining() >= SMALL_BUFFER_BYTES) {
      readers.add(reader);
      lentBytes += views[from].remaining();
      return views[from];
    }
    int length = 0;
    for (int i = from; i < to; i++) {
      length += views[i].remaining();
    }
    ByteBuffer copy = ByteBuffer.allocate(length);
    for (int i = from; i < to; i++) {
      copy.put(views[i].duplicate());
    }
    return copy.flip();
  }

  /** One pass over the body. Demand may come from inside {@code onNext}, so one loop serves all. */
  private final class Sending implements Subscription {
    private final Subscriber<? super ByteBuffer> subscriber;
    private final @Nullable Channel reader;
    private final ByteBuffer[] views = body.buffers();
    private final AtomicLong demand = new AtomicLong();
    private volatile boolean ended;
    private int next; // only the thread that serves the demand

    Sending(Subscriber<? super ByteBuffer> subscriber, @Nullable Channel reader) {
      this.subscriber = subscriber;
      this.reader = reader;
    }

    @Override
    public void request(long n) {
      if (n <= 0) {
        ended = true;
        subscriber.onError(new IllegalArgumentException("demand must be positive: " + n));
        return;
      }
      if (demand.getAndAccumulate(n, Sending::sum) == 0) {
        serve();
      }
    }

    private void serve() {
      long served = 0;
      long wanted = demand.get();
      while (true) {
        while (served < wanted && !ended) {
          emit();
          served++;
        }
        if (ended) {
          return; // the demand stays above zero, so nobody serves again
        }
        wanted = demand.addAndGet(-served);
        if (wanted == 0) {
          return;
        }
        served = 0;
      }
    }

    private void emit() {
      skipEmpty();
      if (next < views.length) {
        int to = endOfPiece();
        ByteBuffer piece = lend(views, next, to, reader);
        if (piece == null) {
          ended = true;
          subscriber.onError(new IllegalStateException("request body was released"));
          return;
        }
        next = to;
        subscriber.onNext(piece);
        skipEmpty();
      }
      if (next == views.length && !ended) {
        ended = true;
        subscriber.onComplete();
      }
    }

    private void skipEmpty() {
      while (next < views.length && !views[next].hasRemaining()) {
        next++;
      }
    }

    private int endOfPiece() {
      int end = next + 1;
      int length = views[next].remaining();
      while (length < SMALL_BUFFER_BYTES
          && end < views.length
          && views[end].remaining() < SMALL_BUFFER_BYTES) {
        length += views[end].remaining();
        end++;
      }
      while (length < GATHERED_BYTES_MAX
          && end > next + 1
          && end < views.length
          && views[end].remaining() < SMALL_BUFFER_BYTES) {
        length += views[end].remaining();
        end++;
      }
      return end;
    }

    @Override
    public void cancel() {
      ended = true;
    }

    private static long sum(long a, long b) {
      return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
  }
}
