package io.sediment.compactor.keys;

import io.sediment.compactor.SourceSection;
import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.codec.ByteReader;
import io.sediment.lsm.codec.ByteWriter;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What successive sections of a partition tell cleaning, as of their end: what was cleaned, where
 * the first open transaction begins, who the producers are.
 */
record PartitionState(
    List<SourceSection> sections, List<ProducerEntry> producers, long lastStableOffset) {
  /**
   * Field of a run's section: varint, the offset up to which a pass went over it, from its first
   * offset on. A reader that does not know it cleans again.
   */
  private static final int CLEANED_TO = 2;

  static PartitionState of(List<SourceSection> sections) {
    ProducerStates states = ProducerStates.of(List.of());
    for (SourceSection section : sections) {
      if (section.producers().isSnapshot()) {
        states = ProducerStates.of(section.producers().entries());
      } else {
        states.apply(section.producers().entries());
      }
    }
    List<ProducerEntry> producers = states.snapshot();
    long stable = sections.get(sections.size() - 1).toOffset();
    for (ProducerEntry producer : producers) {
      if (producer.txnFirstOffset() != ProducerEntry.NO_OPEN_TXN) {
        stable = Math.min(stable, producer.txnFirstOffset());
      }
    }
    return new PartitionState(List.copyOf(sections), producers, stable);
  }

  static ExtensionFields cleanedTo(long offset) {
    ByteWriter value = new ByteWriter(10);
    value.varint(offset);
    return ExtensionFields.NONE.with(CLEANED_TO, value.toByteArray());
  }

  /** Below it, all is clean from the first section on. */
  long cleanedTo() {
    SourceSection first = sections.get(0);
    ByteBuffer field = first.fields().get(CLEANED_TO);
    return field == null
        ? first.fromOffset()
        : new ByteReader(field, "cleanedTo of " + first.partition()).natural("cleanedTo");
  }

  List<AbortedTxn> abortedTxns() {
    return sections.stream().flatMap(section -> section.abortedTxns().stream()).distinct().toList();
  }

  /**
   * As a policy wants it: block by block, clean up to {@link #cleanedTo}.
   *
   * @param logStart blocks below are dead
   */
  List<Stretch> stretches(long logStart) {
    long cleanedTo = cleanedTo();
    List<Stretch> stretches = new ArrayList<>();
    for (SourceSection section : sections) {
      for (SourceBlock each : section.blocks()) {
        Block block = each.block();
        long to = block.lastOffset() + 1;
        if (to > logStart) {
          boolean clean = to <= cleanedTo;
          stretches.add(
              new Stretch(
                  clean ? block.baseOffset() : Math.max(block.baseOffset(), cleanedTo),
                  to,
                  block.length(),
                  block.maxTimestamp(),
                  block.maxTimestamp(),
                  clean));
        }
      }
    }
    return stretches;
  }
}
