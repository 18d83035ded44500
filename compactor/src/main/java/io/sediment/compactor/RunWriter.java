package io.sediment.compactor;

import io.sediment.compactor.PlannedSection.PlannedBlock;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryLayout;
import io.sediment.lsm.run.RunBlock;
import io.sediment.lsm.run.RunSection;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Writes one run: its L1 objects one after the other, then the directory that names all blocks,
 * copied and referenced ones. Only the manifest makes it part of the lane.
 */
final class RunWriter {
  /** A block of the run and the object it lies in. */
  private record Placed(DataRef object, Block block) {}

  private final JobContext context;
  private final int retentionClass;
  private final List<PlannedSection> sections;
  private final List<List<CopyStep>> objects;
  private final SectionFilters filters;
  private final Map<PartitionId, List<Placed>> copied = new HashMap<>();
  private final Map<PartitionId, ExtensionFields> rewritten = new HashMap<>();
  private long writtenBytes;

  RunWriter(JobContext context, int retentionClass, List<PlannedSection> sections) {
    this.context = context;
    this.retentionClass = retentionClass;
    this.sections = sections;
    this.objects = CopyStep.cut(sections, context.options());
    this.filters = new SectionFilters(context, sections);
  }

  /** How many L1 objects it will write. */
  int objectCount() {
    return objects.size();
  }

  /** Bytes of objects and directory so far. */
  long writtenBytes() {
    return writtenBytes;
  }

  /**
   * Writes the objects.
   *
   * @param onObject told of each object when it is stored; the next one waits for its answer
   */
  CompletableFuture<Void> writeObjects(Function<DataRef, CompletableFuture<Void>> onObject) {
    CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
    for (List<CopyStep> object : objects) {
      done =
          done.thenCompose(
              before ->
                  new ObjectCopy(context, sections, filters, object)
                      .write()
                      .thenCompose(stored -> onObject.apply(add(stored))));
    }
    return done.thenAccept(all -> rewritten.putAll(filters.fields()))
        .whenComplete((all, failure) -> filters.close());
  }

  /** Writes the directory; after the objects of all runs, whose progress is recorded. */
  CompletableFuture<RunRef> writeDirectory() {
    Map<DataRef, Integer> numbers = new LinkedHashMap<>();
    List<RunSection> all = new ArrayList<>(sections.size());
    for (PlannedSection section : sections) {
      all.add(section(section, numbers));
    }
    Directory directory =
        new Directory(
            context.lane(),
            context.term().epoch(),
            context.numbers().getAndIncrement(),
            retentionClass,
            List.copyOf(numbers.keySet()),
            all);
    ByteBuffer encoded = DirectoryLayout.encode(directory);
    RunRef ref = DirectoryLayout.refOf(directory, encoded);
    writtenBytes += encoded.remaining();
    return context
        .store()
        .putIfAbsent(ref.key(context.lane()), ObjectBody.of(encoded))
        .thenApply(
            result -> {
              if (!(result instanceof PutResult.Created)) {
                throw new ObjectStoreException.Unavailable("put of " + ref + ": " + result, null);
              }
              return ref;
            });
  }

  private DataRef add(SortedObject object) {
    DataRef ref =
        new DataRef(
            object.identity().kind(),
            object.identity().epoch(),
            object.identity().number(),
            object.length(),
            object.footerCrc());
    writtenBytes += object.length();
    for (Section section : object.sections()) {
      List<Placed> placed = copied.computeIfAbsent(section.partition(), none -> new ArrayList<>());
      section.blocks().forEach(block -> placed.add(new Placed(ref, block)));
    }
    return ref;
  }

  private RunSection section(PlannedSection planned, Map<DataRef, Integer> numbers) {
    List<Placed> placed = new ArrayList<>(copied.getOrDefault(planned.partition(), List.of()));
    for (PlannedBlock each : planned.blocks()) {
      if (each.isReferenced()) {
        placed.add(new Placed(each.source().object(), each.source().block()));
      }
    }
    placed.sort(Comparator.comparingLong(each -> each.block().baseOffset()));
    List<RunBlock> blocks = new ArrayList<>(placed.size());
    long maxTimestamp = Long.MIN_VALUE;
    for (Placed each : placed) {
      maxTimestamp = Math.max(maxTimestamp, each.block().maxTimestamp());
      int number = numbers.computeIfAbsent(each.object(), none -> numbers.size());
      blocks.add(new RunBlock(withTimestamp(each.block(), maxTimestamp), number));
    }
    RunSection section =
        new RunSection(
            planned.partition(),
            planned.fromOffset(),
            planned.toOffset(),
            blocks,
            planned.producers(),
            planned.abortedTxns(),
            rewritten.getOrDefault(planned.partition(), planned.fields()));
    check(planned, section);
    return section;
  }

  private static Block withTimestamp(Block block, long maxTimestamp) {
    return new Block(
        block.baseOffset(),
        block.lastOffset(),
        block.position(),
        block.length(),
        maxTimestamp,
        block.leaderEpoch(),
        block.crc32c());
  }

  /** What was planned is what is there: nothing is published otherwise (invariant I8). */
  private static void check(PlannedSection planned, RunSection section) {
    if (planned.isRewritten()) {
      return; // its filter decides
    }
    List<PlannedBlock> before = planned.blocks();
    List<RunBlock> after = section.blocks();
    boolean same =
        planned.dataBytes() == section.dataBytes()
            && before.isEmpty() == after.isEmpty()
            && (before.isEmpty()
                || (before.get(0).source().block().baseOffset() == after.get(0).block().baseOffset()
                    && before.get(before.size() - 1).source().block().lastOffset()
                        == after.get(after.size() - 1).block().lastOffset()));
    if (!same) {
      throw new IllegalStateException(
          "run section is not what was planned: partition="
              + planned.partition()
              + " plannedBytes="
              + planned.dataBytes()
              + " bytes="
              + section.dataBytes());
    }
  }
}
