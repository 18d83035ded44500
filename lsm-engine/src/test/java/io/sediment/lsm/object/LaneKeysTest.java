package io.sediment.lsm.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.objectstore.ObjectKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LaneKeysTest {
  private static final LaneKeys KEYS = new LaneKeys(new LaneId(12));

  /** These are in buckets: they never change. */
  @Test
  void keysAreSpelledAsEver() {
    assertThat(KEYS.boundary()).hasToString("lanes/12/boundary");
    assertThat(KEYS.manifest(7)).hasToString("lanes/12/manifest/00000000000000000007");
    assertThat(KEYS.wal(new WalSlot(3, 45)))
        .hasToString("lanes/12/wal/00000000000000000003/00000000000000000045");
    assertThat(KEYS.data(3, 45, DataKind.L0))
        .hasToString("data/e0/12/00000000000000000003-00000000000000000045.l0");
    assertThat(KEYS.data(3, 46, DataKind.TABLE))
        .hasToString("data/14/12/00000000000000000003-00000000000000000046.table");
    assertThat(KEYS.manifest(Long.MAX_VALUE)).hasToString("lanes/12/manifest/09223372036854775807");
  }

  @Test
  void whatAKeyNamesIsReadBack() {
    for (ObjectKey key :
        List.of(
            KEYS.boundary(),
            KEYS.manifest(0),
            KEYS.manifest(Long.MAX_VALUE),
            KEYS.wal(new WalSlot(1, 2)),
            KEYS.data(3, 4, DataKind.L0),
            KEYS.data(3, 4, DataKind.L1),
            KEYS.data(3, 4, DataKind.DIRECTORY),
            KEYS.data(3, 4, DataKind.TABLE))) {
      assertThat(ObjectNames.parse(key))
          .hasValueSatisfying(
              name -> {
                assertThat(name.key()).isEqualTo(key);
                assertThat(name.lane()).isEqualTo(KEYS.lane());
              });
    }
  }

  @Test
  void otherKeysAreNotOurs() {
    for (String key :
        List.of(
            "lanes/12",
            "lanes/012/boundary",
            "lanes/99999999999/boundary",
            "lanes/12/manifest/7",
            "lanes/12/manifest/99999999999999999999",
            "lanes/12/wal/00000000000000000003",
            "data/00/12/00000000000000000003-00000000000000000045.l0",
            "data/e0/12/00000000000000000003-00000000000000000045.tmp",
            "cluster/lanes/1")) {
      assertThat(ObjectNames.parse(new ObjectKey(key))).as(key).isEmpty();
    }
  }

  @Test
  void dataObjectsSpreadOverAllFolders() {
    Set<String> folders = new HashSet<>();
    for (int n = 1; n <= 4_000; n++) {
      folders.add(KEYS.data(1, n, DataKind.L0).value().substring(0, "data/xx/12/".length()));
    }
    Set<String> all = new HashSet<>();
    for (int i = 0; i < LaneKeys.DATA_FOLDERS; i++) {
      all.add(KEYS.dataPrefix(i));
    }
    assertThat(folders).isEqualTo(all);
  }

  @Test
  void namesSortAsNumbersDo() {
    assertThat(KEYS.manifest(9)).isLessThan(KEYS.manifest(10));
    assertThat(KEYS.wal(new WalSlot(9, 99))).isLessThan(KEYS.wal(new WalSlot(10, 1)));
    assertThatThrownBy(() -> KEYS.manifest(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
