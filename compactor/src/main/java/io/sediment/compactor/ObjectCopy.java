package io.sediment.compactor;

import io.sediment.compactor.CopyStep.Item;
import io.sediment.compactor.RangeRewriter.BatchFilter;
import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.StreamedObjectWriter;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.MultipartUpload.Part;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes one L1 object, step by step: while one step is put together and sent, the next one is
 * read. A small object is one put; a large one is an upload in parts, some of which the store
 * copies itself. Nothing of it is visible before it is complete.
 */
final class ObjectCopy {
  private final JobContext context;
  private final List<PlannedSection> sections;
  private final SectionFilters filters;
  private final List<CopyStep> steps;
  private final BlockReads reads;
  private final ObjectKey key;
  private final StreamedObjectWriter writer;
  private final List<Part> parts = new ArrayList<>();
  private @Nullable MultipartUpload upload;
  private int currentSection = -1;
  private CompletableFuture<Void> sending = CompletableFuture.completedFuture(null);

  /**
   * @param filters shared by the objects of a run, since a section may go on in the next one
   */
  ObjectCopy(
      JobContext context,
      List<PlannedSection> sections,
      SectionFilters filters,
      List<CopyStep> steps) {
    this.context = context;
    this.sections = sections;
    this.filters = filters;
    this.steps = steps;
    this.reads = context.blockReads();
    ObjectIdentity identity = context.newObject();
    this.key = LaneKeys.of(identity);
    this.writer = new StreamedObjectWriter(identity, SortedObjectOptions.DEFAULT);
  }

  /** The object once it is stored; what a failed attempt leaves is garbage. */
  CompletableFuture<SortedObject> write() {
    return step(0, read(0))
        .handle(
            (object, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(object);
              }
              return abandon()
                  .thenCompose(done -> CompletableFuture.<SortedObject>failedFuture(failure));
            })
        .thenCompose(result -> result);
  }

  /** A part on its way could still arrive behind an abort, so it goes first. */
  private CompletableFuture<Void> abandon() {
    MultipartUpload open = upload;
    if (open == null) {
      return CompletableFuture.completedFuture(null);
    }
    return sending
        .exceptionally(ignored -> null) // what failed is told by the step
        .thenCompose(settled -> open.abort())
        .exceptionally(ignored -> null); // the store's own housekeeping gets it
  }

  private CompletableFuture<List<ByteBuffer>> read(int step) {
    if (step >= steps.size() || steps.get(step).isServerSide()) {
      return CompletableFuture.completedFuture(List.of());
    }
    List<SourceBlock> blocks = steps.get(step).items().stream().map(Item::source).toList();
    return context.pace().take(steps.get(step).bytes()).thenCompose(go -> reads.read(blocks));
  }

  private CompletableFuture<SortedObject> step(
      int number, CompletableFuture<List<ByteBuffer>> arriving) {
    if (number == steps.size()) {
      return finish();
    }
    CopyStep step = steps.get(number);
    return arriving.thenComposeAsync(
        bytes -> {
          CompletableFuture<List<ByteBuffer>> next = read(number + 1);
          return (step.isServerSide() ? serverCopy(step) : gather(step, bytes))
              .thenCompose(done -> step(number + 1, next));
        },
        context.executor());
  }

  // -- putting together --------------------------------------------------------------------------

  private CompletableFuture<Void> gather(CopyStep step, List<ByteBuffer> bytes) {
    return gather(step, bytes, 0)
        .thenCompose(
            done -> {
              boolean sends =
                  step.endsPart() || writer.pendingBytes() >= context.options().partBytesMin();
              return sends && !isLast(step) ? sendPart() : CompletableFuture.completedFuture(null);
            });
  }

  private boolean isLast(CopyStep step) {
    return steps.get(steps.size() - 1) == step;
  }

  private CompletableFuture<Void> gather(CopyStep step, List<ByteBuffer> bytes, int from) {
    for (int i = from; i < step.items().size(); i++) {
      Item item = step.items().get(i);
      beginSection(item);
      if (!sections.get(item.section()).isRewritten()) {
        writer.add(item.source().block(), bytes.get(i));
        continue;
      }
      CompletableFuture<BatchFilter> filter = filters.of(item.section());
      if (!filter.isDone() || filter.isCompletedExceptionally()) {
        int at = i;
        return filter.thenComposeAsync(ready -> gather(step, bytes, at), context.executor());
      }
      filter.join().filter(item.source().block(), bytes.get(i)).forEach(writer::add);
    }
    return CompletableFuture.completedFuture(null);
  }

  private void beginSection(Item item) {
    if (item.section() != currentSection) {
      currentSection = item.section();
      writer.beginSection(sections.get(currentSection).partition());
    } else if (item.afterReference()) {
      writer.endBlock();
    }
  }

  // -- sending -----------------------------------------------------------------------------------

  /** One part at a time is on its way; its memory is let go when it has arrived. */
  private CompletableFuture<Void> sendPart() {
    ObjectBody body = writer.takePart();
    return addPart((open, number) -> open.put(number, body));
  }

  private CompletableFuture<Void> serverCopy(CopyStep step) {
    Block first = step.items().get(0).source().block();
    for (Item item : step.items()) {
      beginSection(item);
      writer.addCopied(item.source().block());
    }
    ObjectKey source = step.items().get(0).source().object().key(context.lane());
    ByteRange.Slice range = new ByteRange.Slice(first.position(), step.bytes());
    return addPart((open, number) -> open.copy(number, source, range));
  }

  private interface PartRequest {
    CompletableFuture<Part> send(MultipartUpload open, int number);
  }

  /** Waits for the part before this one, not for this one. */
  private CompletableFuture<Void> addPart(PartRequest request) {
    CompletableFuture<Void> before = sending;
    return before
        .thenCompose(sent -> upload())
        .thenAccept(open -> sending = request.send(open, parts.size() + 1).thenAccept(parts::add));
  }

  private CompletableFuture<MultipartUpload> upload() {
    MultipartUpload open = upload;
    return open != null
        ? CompletableFuture.completedFuture(open)
        : context
            .store()
            .startMultipart(key)
            .thenApply(
                started -> {
                  upload = started;
                  return started;
                });
  }

  private CompletableFuture<SortedObject> finish() {
    SortedObject object = writer.finish();
    ObjectBody rest = writer.takePart();
    if (upload == null) {
      return context
          .store()
          .putIfAbsent(key, rest)
          .thenApply(
              result -> {
                if (!(result instanceof PutResult.Created)) {
                  // Nobody else has this number: an earlier try of the store's own has made it.
                  throw new ObjectStoreException.Unavailable("put of " + key + ": " + result, null);
                }
                return object;
              });
    }
    return addPart((open, number) -> open.put(number, rest))
        .thenCompose(last -> sending)
        .thenCompose(sent -> upload())
        .thenCompose(open -> open.complete(parts))
        .thenApply(done -> object);
  }
}
