package io.sediment.cluster.tools;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class AdoptedProducersTest {
  private static final LaneId LANE = new LaneId(3);
  private static final PartitionId PARTITION = new PartitionId(new UUID(1, 1), 0);
  private static final long EPOCH = 4;

  private final AdoptedProducers adopted = new AdoptedProducers();

  AdoptedProducersTest() {
    add(1, 10);
    add(2, 11);
  }

  @Test
  void whatTheLogSaysIsRight() {
    assertThat(findings(EPOCH + 1, 1, ProducerChanges.NONE.then(List.of(batch(10), batch(11)))))
        .isEmpty();
  }

  @Test
  void lessIsDamage() {
    ProducerChanges less = ProducerChanges.NONE.then(List.of(batch(10)));
    assertThat(findings(EPOCH + 1, 1, less)).hasSize(1);
    assertThat(findings(EPOCH + 1, 7, less)).hasSize(1);
  }

  /** An object goes once its records are deleted; the table still has what it did. */
  @Test
  void moreIsNot() {
    assertThat(findings(EPOCH + 1, 1, ProducerChanges.NONE.then(List.of(batch(11), batch(12)))))
        .isEmpty();
    assertThat(findings(EPOCH + 1, 1, ProducerChanges.NONE.then(List.of(batch(12))))).isEmpty();
  }

  @Test
  void whoIsMissingMayHaveExpiredSinceTheAdoption() {
    assertThat(findings(EPOCH + 1, 1, ProducerChanges.NONE)).hasSize(1);
    assertThat(findings(EPOCH + 1, 7, ProducerChanges.NONE)).isEmpty();
    assertThat(findings(EPOCH + 2, 1, ProducerChanges.NONE))
        .as("that adoption was of others, which are gone")
        .isEmpty();
  }

  @Test
  void aTableOfAnEarlierVersionSaysNothing() {
    assertThat(findings(EPOCH + 1, 1, ProducerChanges.UNKNOWN)).isEmpty();
  }

  private List<Finding> findings(long tableEpoch, long tableNumber, ProducerChanges changes) {
    TreeMap<PartitionId, Row> rows = new TreeMap<>();
    rows.put(PARTITION, new Row(20, 0, 0, 100, null, false, changes));
    List<Finding> findings = new ArrayList<>();
    adopted.check(
        new PartitionTable(LANE, tableEpoch, tableNumber, rows), "the table", findings::add);
    return findings;
  }

  private void add(long seq, long offset) {
    ObjectIdentity identity =
        new ObjectIdentity(SortedObjectKind.WAL, 1, LANE, EPOCH, seq, new UUID(2, 2));
    Section section =
        new Section(
            PARTITION,
            List.of(new Block(offset, offset, 64, 100, 0, 0, 0)),
            List.of(batch(offset)),
            List.of());
    SortedObject object =
        new SortedObject(LaneKeys.of(identity), identity, List.of(section), 0, 300, 0);
    adopted.add(L0Ref.of(object), object);
  }

  private static ProducerEntry batch(long offset) {
    return new ProducerEntry(
        9,
        (short) 0,
        ProducerEntry.NO_COORDINATOR_EPOCH,
        ProducerEntry.NO_OPEN_TXN,
        offset,
        List.of(new ProducerEntry.Batch((int) offset, (int) offset, offset, offset, 0)));
  }
}
