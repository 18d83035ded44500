package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * That an object's states of producers are what its own batches make of them (I9): each batch that
 * a state remembers of this section is there, and the last one of each producer is remembered. What
 * a state remembers of older batches cannot be told from one object.
 */
final class ProducerCheck implements ObjectVerifier.DataVisitor {
  /** The last batch seen of a producer in the section at hand. */
  private record LastBatch(short producerEpoch, int lastSequence, long lastOffset) {}

  private final Consumer<Finding> findings;
  private @Nullable SortedObject object;
  private @Nullable Section section;
  private final Map<Long, ProducerEntry.Batch> expected = new HashMap<>(); // by base offset
  private final Map<Long, LastBatch> last = new HashMap<>(); // by producer id

  ProducerCheck(Consumer<Finding> findings) {
    this.findings = findings;
  }

  @Override
  public void begin(SortedObject begun) {
    SortedObjectKind kind = begun.identity().kind();
    object = kind == SortedObjectKind.WAL || kind == SortedObjectKind.L0 ? begun : null;
    section = null;
  }

  @Override
  public void block(Section of, Block block, ByteBuffer bytes) {
    if (object == null) {
      return;
    }
    if (of != section) {
      finish();
      begin(of);
    }
    for (int at = 0; at < bytes.limit(); ) {
      batch(bytes, at);
      at += RecordBatchLayout.sizeInBytes(bytes, at);
    }
  }

  @Override
  public void end(SortedObject ended, boolean isWhole) {
    if (isWhole && object != null) {
      finish();
    }
    object = null;
    section = null;
    expected.clear();
    last.clear();
  }

  private void begin(Section of) {
    section = of;
    expected.clear();
    last.clear();
    for (ProducerEntry producer : of.producers()) {
      for (ProducerEntry.Batch batch : producer.batches()) {
        if (batch.baseOffset() >= of.baseOffset()) {
          expected.put(batch.baseOffset(), batch);
        }
      }
    }
  }

  private void batch(ByteBuffer bytes, int at) {
    ProducerEntry.Batch remembered = expected.remove(RecordBatchLayout.baseOffset(bytes, at));
    if (remembered != null
        && (remembered.firstSequence() != RecordBatchLayout.baseSequence(bytes, at)
            || remembered.lastSequence() != RecordBatchLayout.lastSequence(bytes, at)
            || remembered.lastOffset() != RecordBatchLayout.lastOffset(bytes, at))) {
      report("remembers another batch: " + remembered);
    }
    long producerId = RecordBatchLayout.producerId(bytes, at);
    if (producerId != RecordBatchLayout.NO_PRODUCER_ID && !RecordBatchLayout.isControl(bytes, at)) {
      last.put(
          producerId,
          new LastBatch(
              RecordBatchLayout.producerEpoch(bytes, at),
              RecordBatchLayout.lastSequence(bytes, at),
              RecordBatchLayout.lastOffset(bytes, at)));
    }
  }

  private void finish() {
    Section done = section;
    if (done == null) {
      return;
    }
    expected.values().forEach(batch -> report("remembers a batch that is not there: " + batch));
    for (ProducerEntry producer : done.producers()) {
      LastBatch seen = last.remove(producer.producerId());
      if (seen == null) {
        continue;
      }
      int count = producer.batches().size();
      ProducerEntry.Batch newest = count == 0 ? null : producer.batches().get(count - 1);
      boolean isNewest =
          newest != null
              && newest.lastOffset() == seen.lastOffset()
              && newest.lastSequence() == seen.lastSequence()
              && producer.producerEpoch() == seen.producerEpoch();
      // A marker forgets the batches of the epoch before.
      boolean isAfterMarker = producer.producerEpoch() > seen.producerEpoch();
      if (!isNewest && !isAfterMarker) {
        report("has forgotten the last batch of " + producer + ": " + seen);
      }
    }
    last.forEach((id, seen) -> report("does not know producer " + id + " of " + seen));
  }

  private void report(String problem) {
    SortedObject here = object;
    Section of = section;
    if (here != null && of != null) {
      findings.accept(
          Finding.damage(Check.I9, here.key(), "partition=" + of.partition() + " " + problem));
    }
  }
}
