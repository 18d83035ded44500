package io.sediment.objectstore.s3;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.StoredBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Collects the answer to one read into one buffer of exactly the length announced, and believes it
 * only if it is the range asked for, whole.
 */
final class ObjectSink implements AsyncResponseTransformer<GetObjectResponse, StoredBytes> {
  private static final int BUFFER_BYTES_MAX = Integer.MAX_VALUE - 8;

  private final ByteRange range;
  private final CompletableFuture<StoredBytes> outcome = new CompletableFuture<>();
  private @Nullable GetObjectResponse response;

  ObjectSink(ByteRange range) {
    this.range = range;
  }

  @Override
  public CompletableFuture<StoredBytes> prepare() {
    return outcome;
  }

  @Override
  public void onResponse(GetObjectResponse head) {
    response = head;
  }

  @Override
  public void exceptionOccurred(Throwable error) {
    outcome.completeExceptionally(error);
  }

  @Override
  public void onStream(SdkPublisher<ByteBuffer> publisher) {
    GetObjectResponse head = response;
    if (head == null || head.contentLength() == null) {
      publisher.subscribe(new Refusing(new IOException("an answer without its length")));
      return;
    }
    long length = head.contentLength();
    if (length > BUFFER_BYTES_MAX) {
      publisher.subscribe(
          new Refusing(
              new ObjectStoreException.Refused(
                  "one read is limited to 2 GiB: range=" + range + " length=" + length, null)));
      return;
    }
    publisher.subscribe(new Filling(head, ByteBuffer.allocate((int) length)));
  }

  /** Where the bytes lie in the object, and how long that is: {@code bytes 0-9/100}. */
  private record Extent(long position, long objectLength) {
    static Extent of(GetObjectResponse head) throws IOException {
      String text = head.contentRange();
      if (text == null || text.isEmpty()) {
        return new Extent(0, head.contentLength());
      }
      try {
        int space = text.indexOf(' ');
        int dash = text.indexOf('-');
        int slash = text.indexOf('/');
        return new Extent(
            Long.parseLong(text.substring(space + 1, dash)),
            Long.parseLong(text.substring(slash + 1)));
      } catch (IndexOutOfBoundsException | NumberFormatException e) {
        throw new IOException("an answer with a content range of its own: " + text, e);
      }
    }
  }

  private StoredBytes checked(GetObjectResponse head, ByteBuffer bytes) throws IOException {
    Extent extent = Extent.of(head);
    ByteRange.Clipped wanted = range.clip(extent.objectLength());
    long skipped = wanted.position() - extent.position();
    if (skipped < 0 || skipped + wanted.length() > bytes.remaining()) {
      throw new IOException(
          "another range than asked for: range="
              + range
              + " position="
              + extent.position()
              + " length="
              + bytes.remaining()
              + " objectLength="
              + extent.objectLength());
    }
    // More than asked for comes from servers that do not know this kind of range.
    ByteBuffer exact = bytes.slice((int) skipped, (int) wanted.length());
    return new StoredBytes(exact, extent.objectLength(), S3ObjectStore.eTag(head.eTag()));
  }

  private final class Filling implements Subscriber<ByteBuffer> {
    private final GetObjectResponse head;
    private final ByteBuffer bytes;

    Filling(GetObjectResponse head, ByteBuffer bytes) {
      this.head = head;
      this.bytes = bytes;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer piece) {
      if (piece.remaining() > bytes.remaining()) {
        outcome.completeExceptionally(new IOException("more bytes than announced"));
        return;
      }
      bytes.put(piece);
    }

    @Override
    public void onError(Throwable error) {
      outcome.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      try {
        if (bytes.hasRemaining()) {
          throw new IOException(
              "cut short: received=" + bytes.position() + " announced=" + bytes.capacity());
        }
        outcome.complete(checked(head, bytes.flip()));
      } catch (IOException | RuntimeException e) {
        outcome.completeExceptionally(e);
      }
    }
  }

  /** Takes no bytes. */
  private final class Refusing implements Subscriber<ByteBuffer> {
    private final Exception reason;

    Refusing(Exception reason) {
      this.reason = reason;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.cancel();
      outcome.completeExceptionally(reason);
    }

    @Override
    public void onNext(ByteBuffer piece) {}

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onComplete() {}
  }
}
