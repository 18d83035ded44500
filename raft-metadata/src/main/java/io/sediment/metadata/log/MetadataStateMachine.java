package io.sediment.metadata.log;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandOutcome;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.RowKey;
import io.sediment.metadata.bucket.AppliedCommand;
import io.sediment.metadata.bucket.Exporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Applies the entries of the metadata log, one after the other. Used by one thread at a time; only
 * {@link #image} is for any.
 */
public final class MetadataStateMachine {
  private static final CompletableFuture<byte[]> NOTHING_TO_ANSWER =
      CompletableFuture.completedFuture(new byte[0]);

  /** Logs of former builds have entries that begin like this: the bucket holds so much. */
  private static final byte EXPORT_NOTICE = 0;

  /** Where the applied state is kept on this machine. */
  @FunctionalInterface
  public interface Rows {
    void write(Collection<RowKey> changed, MetadataImage after, long term, long index)
        throws IOException;
  }

  private final ExportedImages images;
  private final Exporter exporter;

  /** The newest applied image, published or not. Null before {@link #load}. */
  private volatile @Nullable MetadataImage image;

  /** Entries up to here were in the rows when they were loaded, and are not applied again. */
  private long loadedIndex = -1;

  public MetadataStateMachine(ExportedImages images, Exporter exporter) {
    this.images = images;
    this.exporter = exporter;
  }

  /** Begins, or begins anew, with {@code stored}, to which all is applied up to {@code index}. */
  public void load(MetadataImage stored, long index) {
    image = stored;
    loadedIndex = index;
    images.applied(stored);
  }

  /**
   * Applies a committed entry. The future completes with the encoded answer for whoever proposed
   * it, once the bucket holds it; with nothing where there is nobody to answer.
   *
   * @param rows written before this returns
   */
  public CompletableFuture<byte[]> apply(ByteBuffer entry, long term, long index, Rows rows) {
    if (index <= loadedIndex) {
      return NOTHING_TO_ANSWER;
    }
    if (entry.get(entry.position()) == EXPORT_NOTICE) {
      return NOTHING_TO_ANSWER; // this member asks
    }
    return apply(CommandLayout.decode(entry.duplicate()), entry, term, index, rows);
  }

  private <R> CompletableFuture<byte[]> apply(
      MetadataCommand<R> command, ByteBuffer entry, long term, long index, Rows rows) {
    MetadataImage before = image();
    CommandOutcome<R> outcome = command.applyTo(before);
    boolean changed = !outcome.changedRows().isEmpty();
    MetadataImage after = changed ? outcome.image().withVersion(index) : before;
    if (changed) {
      try {
        rows.write(outcome.changedRows(), after, term, index);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      image = after;
    }
    // First to the exporter: once the image waits to be published, its export must be on its way.
    CompletableFuture<Void> exported =
        exporter.offer(new AppliedCommand(term, index, changed ? copyOf(entry) : null, after));
    if (changed) {
      images.applied(after);
    }
    CommandResult<R> result = outcome.result();
    return exported.thenApply(
        nothing ->
            new CommandReply(after.version(), CommandLayout.encodeResult(command, result))
                .encode());
  }

  private static byte[] copyOf(ByteBuffer entry) {
    byte[] bytes = new byte[entry.remaining()];
    entry.duplicate().get(bytes);
    return bytes;
  }

  /** The newest applied image, published or not. */
  public MetadataImage image() {
    MetadataImage now = image;
    if (now == null) {
      throw new IllegalStateException("not initialized");
    }
    return now;
  }
}
