package io.sediment.lsm.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestEdit.AdoptSealed;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.manifest.ManifestEdit.DropObjects;
import io.sediment.lsm.manifest.ManifestEdit.Role;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Manifests drawn as one line: {@code epoch | replayAfter | level 0 | table | low mark}, where
 * {@code w2/7} is an adopted WAL object and {@code d3-5} an L0.
 */
class ManifestEditTest {
  private static final WriterTerm THIRD = term(3);

  @Test
  void claimingAnEpochChangesNothingElse() {
    assertThat(apply("2 | 2/9 | d2-1 | t2-1 | 2", new ClaimEpoch(THIRD)))
        .isEqualTo("3 | 2/9 | d2-1 | t2-1 | 0");
  }

  @Test
  void sealedObjectsAreAdoptedBehindWhatIsThere() {
    assertThat(
            apply(
                "3 | 1/9 | d1-1 | t1-1 | 0",
                new AdoptSealed(
                    THIRD, List.of(w(1, 10), w(2, 1), w(2, 2)), t(3, 1), new WalSlot(3, 0))))
        .isEqualTo("3 | 3/0 | d1-1 w1/10 w2/1 w2/2 | t3-1 | 2");
  }

  @Test
  void aSealThatFoundNothingMovesReplayAfterAlone() {
    assertThat(
            apply(
                "3 | 2/9 | d2-1 | t2-1 | 0",
                new AdoptSealed(THIRD, List.of(), null, new WalSlot(3, 0))))
        .isEqualTo("3 | 3/0 | d2-1 | t2-1 | 0");
  }

  @Test
  void aFlushComesLastAndMovesReplayAfter() {
    assertThat(apply("3 | 3/0 | d1-1 w2/1 | t3-1 | 2", addL0(2, new WalSlot(3, 7))))
        .isEqualTo("3 | 3/7 | d1-1 w2/1 d3-2 | t3-2 | 3");
  }

  @Test
  void whatIsDroppedIsGoneAndTheRestKeepsItsOrder() {
    assertThat(
            apply(
                "3 | 3/7 | d1-1 w2/1 w2/2 d3-2 | t3-2 | 3",
                new DropObjects(THIRD, List.of(w(2, 1), d(1, 1), d(1, 9)), List.of(), t(3, 4))))
        .isEqualTo("3 | 3/7 | w2/2 d3-2 | t3-4 | 5");
  }

  @Test
  void anEditThatIsThereAlreadyChangesNothing() {
    Manifest base = draw("3 | 3/7 | d1-1 d3-2 | t3-2 | 3");
    assertThat(new ClaimEpoch(THIRD).applyTo(base)).isEmpty();
    assertThat(addL0(2, new WalSlot(3, 7)).applyTo(base)).isEmpty();
    assertThat(new AdoptSealed(THIRD, List.of(), null, new WalSlot(3, 7)).applyTo(base)).isEmpty();
    assertThat(new DropObjects(THIRD, List.of(d(1, 9)), List.of(), null).applyTo(base)).isEmpty();
  }

  @Test
  void whoComesTooLateIsFenced() {
    Manifest base = draw("3 | 3/7 | d3-2 | t3-2 | 3");
    WriterTerm twin = new WriterTerm(1, 3, new UUID(5, 5));
    for (WriterTerm late : List.of(term(2), twin)) {
      for (ManifestEdit edit :
          List.of(
              new ClaimEpoch(late),
              new AddL0(late, d(late.epoch(), 9), t(late.epoch(), 9), new WalSlot(3, 9)),
              new AdoptSealed(late, List.of(), null, new WalSlot(3, 9)),
              new DropObjects(late, List.of(d(3, 2)), List.of(), null))) {
        assertThatThrownBy(() -> edit.applyTo(base)).isInstanceOf(LaneFencedException.class);
      }
    }
  }

  @Test
  void invariantsRefuseWhatWouldLoseData() {
    String base = "3 | 3/7 | w2/1 d3-2 | t3-2 | 3";
    refused("epochsNeverDecrease", base, "2 | 3/7 | w2/1 d3-2 | t3-2 | 3");
    refused("replayAfterNeverFalls", base, "3 | 3/6 | w2/1 d3-2 | t3-2 | 3");
    refused("replayAfterNeverFalls", base, "3 | 4/0 | w2/1 d3-2 | t3-2 | 3");
    refused("l0IsInLogOrder", base, "3 | 3/9 | w2/1 d3-2 d3-1 | t3-3 | 4");
    refused("l0IsInLogOrder", base, "3 | 3/9 | w2/1 d3-2 w1/9 | t3-3 | 4");
    refused("l0GrowsAtTheEnd", base, "3 | 3/9 | d3-2 w2/1 | t3-3 | 4");
    refused("newObjectsAreAboveTheLowMark", base, "3 | 3/9 | w2/1 d3-2 d3-3 | t3-3 | 3");
    refused("newObjectsAreAboveTheLowMark", base, "3 | 3/9 | w2/1 d3-2 | t3-1 | 3");
    refused("newObjectsAreAboveTheLowMark", base, "3 | 3/7 | w2/1 d3-2 | t3-2 | 2");
    refused("newObjectsAreAboveTheLowMark", base, "4 | 3/9 | w2/1 d3-2 d4-1 | t4-1 | 2");
    refused("adoptedSlotsMoveReplayAfter", base, "3 | 3/7 | w2/1 d3-2 d3-3 | t3-3 | 4");
    refused("adoptedSlotsMoveReplayAfter", base, "3 | 3/9 | w2/1 d3-2 w2/2 | t3-3 | 4");
    refused("adoptedSlotsMoveReplayAfter", base, "3 | 3/9 | w2/1 d3-2 w3/10 | t3-3 | 4");
    refused("dataComesWithATable", base, "3 | 3/7 | w2/1 d3-2 | - | 3");
  }

  @Test
  void theCompactorMayNotTouchTheLog() {
    Manifest base = draw("3 | 3/7 | w2/1 d3-2 | t3-2 | 3");
    for (String next :
        List.of(
            "4 | 3/7 | w2/1 d3-2 | t3-2 | 3",
            "3 | 3/8 | w2/1 d3-2 | t3-2 | 3",
            "3 | 3/7 | w2/1 d3-2 d3-3 | t3-2 | 3",
            "3 | 3/7 | w2/1 d3-2 | t3-3 | 3")) {
      assertThat(ManifestInvariants.onlyOwnFieldsChange(base, draw(next), Role.COMPACTOR))
          .as(next)
          .isFalse();
    }
    Manifest merged = draw("3 | 3/7 | d3-2 | t3-2 | 3");
    assertThat(ManifestInvariants.onlyOwnFieldsChange(base, merged, Role.COMPACTOR)).isTrue();
  }

  private static void refused(String invariant, String base, String next) {
    assertThatThrownBy(
            () ->
                ManifestInvariants.check(
                    draw(base), draw(next).withCommit(2, CommitId.NONE), Role.WRITER))
        .as(next)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(invariant);
  }

  /** The drawing after {@code edit}, which must also break no invariant. */
  private static String apply(String drawing, ManifestEdit edit) {
    Manifest base = draw(drawing);
    Manifest next = edit.applyTo(base).orElseThrow();
    ManifestInvariants.check(base, next.withCommit(2, CommitId.NONE), edit.role());
    return toDrawing(next);
  }

  private static Manifest draw(String drawing) {
    String[] parts = drawing.split(" \\| ", -1);
    List<L0Ref> l0 = new ArrayList<>();
    for (String word : parts[2].split(" ")) {
      long[] numbers = numbers(word.substring(1));
      l0.add(word.startsWith("w") ? w(numbers[0], numbers[1]) : d(numbers[0], numbers[1]));
    }
    long[] replayAfter = numbers(parts[1]);
    return new Manifest(
        new LaneId(0),
        1,
        CommitId.NONE,
        term(Long.parseLong(parts[0])),
        new WalSlot(replayAfter[0], replayAfter[1]),
        l0,
        table(parts[3]),
        Long.parseLong(parts[4]),
        Level1.NONE,
        ExtensionFields.NONE);
  }

  private static @Nullable TableRef table(String word) {
    if (word.equals("-")) {
      return null;
    }
    long[] numbers = numbers(word.substring(1));
    return t(numbers[0], numbers[1]);
  }

  private static String toDrawing(Manifest manifest) {
    List<String> l0 =
        manifest.l0().stream()
            .map(
                ref ->
                    ref.isAdoptedWal() ? "w" + ref.slot() : "d" + ref.epoch() + "-" + ref.number())
            .toList();
    TableRef table = manifest.table();
    return manifest.term().epoch()
        + " | "
        + manifest.replayAfter()
        + " | "
        + String.join(" ", l0)
        + " | "
        + (table == null ? "-" : "t" + table.epoch() + "-" + table.number())
        + " | "
        + manifest.writerLowMark();
  }

  private static long[] numbers(String word) {
    String[] parts = word.split("[-/]", -1);
    return new long[] {Long.parseLong(parts[0]), Long.parseLong(parts[1])};
  }

  private static WriterTerm term(long epoch) {
    return new WriterTerm(1, epoch, new UUID(0, epoch));
  }

  private static AddL0 addL0(long number, WalSlot replayAfter) {
    return new AddL0(THIRD, d(3, number), t(3, number), replayAfter);
  }

  private static L0Ref w(long epoch, long seq) {
    return new L0Ref(SortedObjectKind.WAL, epoch, seq, 100, 1, 1, 1, 1);
  }

  private static L0Ref d(long epoch, long number) {
    return new L0Ref(SortedObjectKind.L0, epoch, number, 100, 1, 1, 1, 1);
  }

  private static TableRef t(long epoch, long number) {
    return new TableRef(epoch, number, 100, 1);
  }
}
