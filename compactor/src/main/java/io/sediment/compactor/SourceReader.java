package io.sediment.compactor;

import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.lsm.run.RunProducers;
import io.sediment.lsm.run.RunSection;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Failures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads what sources hold: footers and directories, not data. What is gone or is not the object in
 * the manifest fails; damage is remembered.
 */
final class SourceReader {
  private final LaneId lane;
  private final DamagedSources damaged;
  private final SortedObjectReader objects;
  private final DirectoryReader directories;

  SourceReader(LaneId lane, ObjectStore store, DamagedSources damaged) {
    this.lane = lane;
    this.damaged = damaged;
    this.objects = new SortedObjectReader(store);
    this.directories = new DirectoryReader(store);
  }

  /** Of an object of level 0, or of an output of this compaction. */
  CompletableFuture<List<SourceSection>> read(DataRef ref) {
    return watch(
        ref.key(lane),
        objects
            .readDescription(ref.key(lane))
            .thenApply(
                found ->
                    sections(
                        ref, found.orElseThrow(() -> new ObjectGoneException(ref.key(lane))))));
  }

  CompletableFuture<List<SourceSection>> read(RunRef run) {
    return readDirectory(run)
        .thenApply(
            found -> sections(found.orElseThrow(() -> new ObjectGoneException(run.key(lane)))));
  }

  CompletableFuture<Optional<Directory>> readDirectory(RunRef run) {
    return watch(run.key(lane), directories.read(lane, run));
  }

  /** Whether its directory is damaged and not to be read again yet. */
  boolean isAvoided(RunRef run) {
    return damaged.isAvoided(run.key(lane));
  }

  private <T> CompletableFuture<T> watch(ObjectKey key, CompletableFuture<T> read) {
    return read.whenComplete(
        (value, failure) -> {
          if (failure == null) {
            damaged.onRead(key);
          } else if (Failures.causeOf(failure) instanceof CorruptObjectException damage) {
            damaged.addUnreadable(key, damage);
          }
        });
  }

  private static List<SourceSection> sections(DataRef ref, SortedObject object) {
    if (object.length() != ref.length() || object.footerCrc() != ref.footerCrc()) {
      throw new CorruptObjectException(
          "object is not the one in the manifest: key="
              + object.key()
              + " expected="
              + ref
              + " actualLength="
              + object.length());
    }
    long changesEpoch = ref.kind() == SortedObjectKind.WAL ? ref.epoch() : 0;
    List<SourceSection> sections = new ArrayList<>(object.sections().size());
    for (Section section : object.sections()) {
      sections.add(
          new SourceSection(
              section.partition(),
              section.baseOffset(),
              section.nextOffset(),
              section.blocks().stream().map(block -> new SourceBlock(ref, block)).toList(),
              section.producers().isEmpty()
                  ? RunProducers.NONE
                  : new RunProducers(changesEpoch, section.producers()),
              section.abortedTxns(),
              ExtensionFields.NONE));
    }
    return sections;
  }

  private static List<SourceSection> sections(Directory directory) {
    List<SourceSection> sections = new ArrayList<>(directory.sections().size());
    for (RunSection section : directory.sections()) {
      sections.add(
          new SourceSection(
              section.partition(),
              section.fromOffset(),
              section.toOffset(),
              section.blocks().stream()
                  .map(it -> new SourceBlock(directory.objects().get(it.object()), it.block()))
                  .toList(),
              section.producers(),
              section.abortedTxns(),
              section.fields()));
    }
    return sections;
  }
}
