package io.sediment.lsm.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.CommitId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Level1;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * One drawn lane: writer epoch 3, flushed up to slot 3/20, low mark 8; the older of two retained
 * manifests still names L0 3-5.
 *
 * <pre>
 *  manifest 11   l0: wal 2/7, wal 2/8, 3-5, 3-6    table 3-6   replayAfter 3/10
 *  manifest 12   l0: wal 2/8, 3-6, 3-7             table 3-7   replayAfter 3/20
 * </pre>
 */
class GarbagePolicyTest {
  private static final LaneId LANE = new LaneId(1);
  private static final LaneKeys KEYS = new LaneKeys(LANE);
  private static final Manifest OLDER =
      manifest(11, List.of(wal(2, 7), wal(2, 8), l0(3, 5), l0(3, 6)), 6, new WalSlot(3, 10), 7);
  private static final Manifest NEWEST =
      manifest(12, List.of(wal(2, 8), l0(3, 6), l0(3, 7)), 7, new WalSlot(3, 20), 8);

  private final GarbagePolicy policy = new GarbagePolicy(List.of(OLDER, NEWEST), 10);

  @Test
  void walObjectsGoOnceTheyAreFlushed() {
    garbage(KEYS.wal(new WalSlot(3, 1)), KEYS.wal(new WalSlot(3, 20)));
    live(KEYS.wal(new WalSlot(3, 21)), KEYS.wal(new WalSlot(4, 1)));
  }

  @Test
  void adoptedWalObjectsStayWhileSomeRetainedManifestNamesThem() {
    live(KEYS.wal(new WalSlot(2, 7)), KEYS.wal(new WalSlot(2, 8)));
    garbage(KEYS.wal(new WalSlot(2, 6)));
  }

  @Test
  void whatAZombieWroteBehindTheFenceGoes() {
    garbage(KEYS.wal(new WalSlot(2, 10)), KEYS.wal(new WalSlot(1, 99)));
  }

  @Test
  void fencesStay() {
    assertThat(policy.isGarbage(new ListedObject(KEYS.wal(new WalSlot(2, 9)), 64))).isFalse();
    assertThat(policy.isGarbage(new ListedObject(KEYS.wal(new WalSlot(1, 5)), 64))).isFalse();
  }

  @Test
  void dataObjectsGoWhenNoRetainedManifestNamesThem() {
    live(data(3, 5), data(3, 6), data(3, 7), table(3, 6), table(3, 7));
    garbage(data(3, 4), table(3, 5), table(3, 4));
  }

  @Test
  void whatIsStillBeingWrittenStays() {
    live(data(3, 8), table(3, 8), data(3, 900), data(4, 1), table(9, 1));
  }

  @Test
  void whatAnOldEpochLeftBehindGoes() {
    garbage(data(2, 1), data(2, 900), table(1, 1));
  }

  @Test
  void manifestsGoAtTheBoundary() {
    garbage(KEYS.manifest(1), KEYS.manifest(10));
    live(KEYS.manifest(11), KEYS.manifest(12), KEYS.manifest(13), KEYS.boundary());
  }

  @Test
  void objectsOfTheCompactorFollowItsOwnMark() {
    live(KEYS.data(0, 0, DataKind.L1), KEYS.data(1, 5, DataKind.DIRECTORY));
  }

  @Test
  void whatIsNotOursIsLeftAlone() {
    LaneKeys other = new LaneKeys(new LaneId(11));
    live(
        other.wal(new WalSlot(1, 1)),
        other.manifest(1),
        other.data(1, 1, DataKind.L0),
        new ObjectKey("lanes/1/notes.txt"),
        new ObjectKey("lanes/1/wal/1/1"),
        new ObjectKey("data/00/1/00000000000000000001-00000000000000000001.l0"),
        new ObjectKey("cluster/incarnation/1"));
  }

  private void live(ObjectKey... keys) {
    for (ObjectKey key : keys) {
      assertThat(policy.isGarbage(new ListedObject(key, 1_000))).as("%s", key).isFalse();
    }
  }

  private void garbage(ObjectKey... keys) {
    for (ObjectKey key : keys) {
      assertThat(policy.isGarbage(new ListedObject(key, 1_000))).as("%s", key).isTrue();
    }
  }

  private static ObjectKey data(long epoch, long number) {
    return KEYS.data(epoch, number, DataKind.L0);
  }

  private static ObjectKey table(long epoch, long number) {
    return KEYS.data(epoch, number, DataKind.TABLE);
  }

  private static L0Ref wal(long epoch, long seq) {
    return new L0Ref(SortedObjectKind.WAL, epoch, seq, 1_000, 7, 1, 800, 1);
  }

  private static L0Ref l0(long epoch, long number) {
    return new L0Ref(SortedObjectKind.L0, epoch, number, 1_000, 7, 1, 800, 1);
  }

  private static Manifest manifest(
      long id, List<L0Ref> l0, long table, WalSlot replayAfter, long lowMark) {
    return new Manifest(
        LANE,
        id,
        CommitId.NONE,
        new WriterTerm(1, 3, new UUID(1, 1)),
        replayAfter,
        l0,
        new TableRef(3, table, 100, 5),
        lowMark,
        Level1.NONE,
        ExtensionFields.NONE);
  }
}
