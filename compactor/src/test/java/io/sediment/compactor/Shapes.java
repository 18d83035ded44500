package io.sediment.compactor;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.ArrayList;
import java.util.List;

/**
 * Lanes drawn as one line: runs as {@code stored/live} or, where time lets some of it go before
 * long, {@code stored/live/lasting}; then a bar, then objects of level 0; sizes in MB. {@code
 * sealed} at the end says what it says.
 */
final class Shapes {
  private static final long MB = 1 << 20;

  private Shapes() {}

  static LsmShape draw(String picture) {
    String text = picture.replace("sealed", "").strip();
    String[] levels = text.split("\\|", -1);
    List<LsmShape.Run> runs = new ArrayList<>();
    for (String word : words(levels[0])) {
      String[] sizes = word.split("/");
      long stored = Long.parseLong(sizes[0]) * MB;
      long live = Long.parseLong(sizes[1]) * MB;
      long lasting = sizes.length > 2 ? Long.parseLong(sizes[2]) * MB : live;
      runs.add(new LsmShape.Run(run(runs.size() + 1, stored), live, lasting));
    }
    List<L0Ref> l0 = new ArrayList<>();
    for (String word : words(levels[1])) {
      l0.add(l0(l0.size() + 1, Long.parseLong(word) * MB));
    }
    return new LsmShape(new LaneId(0), runs, l0, picture.endsWith("sealed"));
  }

  private static List<String> words(String text) {
    return text.isBlank() ? List.of() : List.of(text.strip().split(" +"));
  }

  static L0Ref l0(long number, long bytes) {
    return new L0Ref(SortedObjectKind.L0, 1, number, bytes + 100, 7, 10, bytes, 1);
  }

  static RunRef run(long number, long bytes) {
    return new RunRef(
        1,
        number,
        100,
        7,
        RetentionClass.FOR_EVER,
        10,
        bytes,
        1,
        Place.NONE,
        Place.NONE,
        0,
        List.of(new DataRef(SortedObjectKind.L1, 1, 1_000 + number, Math.max(1, bytes), 7)));
  }
}
