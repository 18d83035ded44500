package io.sediment.lsm.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.ManifestEdit.ClaimCompactor;
import io.sediment.lsm.manifest.ManifestEdit.RecordProgress;
import io.sediment.lsm.manifest.ManifestEdit.ReplaceWithRuns;
import io.sediment.lsm.manifest.ManifestEdit.Role;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Manifests drawn as {@code runs | level 0 | low mark}, where {@code r7(2-5)} is a run that covers
 * up to L0 5 of writer epoch 2, {@code d5} an L0 of that epoch and {@code w3} an adopted WAL
 * object.
 */
class CompactorEditTest {
  private static final UUID MINE = new UUID(9, 9);
  private static final CompactorTerm TERM = new CompactorTerm(1, 4, MINE);

  @Test
  void theNextEpochIsWhoeverClaimsIt() {
    Manifest base = draw("r7(2-5) | d6 | 8");
    Manifest claimed = checked(base, new ClaimCompactor(1, new UUID(5, 5)));
    assertThat(claimed.level1().compactorEpoch()).isEqualTo(5);
    assertThat(drawn(claimed)).isEqualTo("r7(2-5) | d6 | 0");
    assertThat(new ClaimCompactor(1, MINE).applyTo(base)).as("has it already").isEmpty();
    assertThatThrownBy(() -> new ClaimCompactor(0, new UUID(5, 5)).applyTo(base))
        .as("of an older incarnation")
        .isInstanceOf(CompactorFencedException.class);
  }

  @Test
  void whoLostTheEpochCommitsNothing() {
    Manifest base = draw("r7(2-5) | d6 | 8");
    for (CompactorTerm other :
        List.of(
            new CompactorTerm(1, 3, MINE),
            new CompactorTerm(1, 4, new UUID(1, 1)),
            new CompactorTerm(0, 4, MINE))) {
      assertThatThrownBy(() -> replace(other, List.of(), List.of(d(6)), 9, 8).applyTo(base))
          .isInstanceOf(CompactorFencedException.class);
      assertThatThrownBy(() -> new RecordProgress(other, null, 9).applyTo(base))
          .isInstanceOf(CompactorFencedException.class);
    }
  }

  @Test
  void theOldestOfLevel0BecomeTheNewestRun() {
    assertThat(
            apply("r7(2-5) | d6 w1 d7 d8 | 8", replace(TERM, List.of(), List.of(d(6), w(1)), 9, 8)))
        .isEqualTo("r7(2-5) r8(2-6) | d7 d8 | 9");
    assertThat(apply("| w1 w2 d7 | 8", replace(TERM, List.of(), List.of(w(1)), 9, 8)))
        .as("no flushed object")
        .isEqualTo("r8(0-0) | w2 d7 | 9");
    assertThatThrownBy(() -> apply("| d6 d7 | 8", replace(TERM, List.of(), List.of(d(7)), 9, 8)))
        .hasMessageContaining("onlyTheOldestOfLevel0BecomeRuns");
  }

  @Test
  void runsAreReplacedWhereTheyStood() {
    assertThat(
            apply(
                "r3(2-2) r4(2-4) r5(2-5) | d6 | 8",
                replace(TERM, List.of(r(3, 2), r(4, 4)), List.of(), 10, 8, 9)))
        .isEqualTo("r8(2-4) r9(2-4) r5(2-5) | d6 | 10");
    assertThat(apply("r3(2-2) r4(2-4) | d6 | 8", replace(TERM, List.of(r(3, 2)), List.of(), 8)))
        .as("nothing was alive")
        .isEqualTo("r4(2-4) | d6 | 8");
  }

  @Test
  void aSourceThatIsGoneMakesTheResultWorthless() {
    Manifest base = draw("r3(2-2) | d6 d7 | 8");
    assertThatThrownBy(() -> replace(TERM, List.of(r(2, 1)), List.of(), 9, 8).applyTo(base))
        .isInstanceOf(StaleSourcesException.class);
    assertThatThrownBy(() -> replace(TERM, List.of(), List.of(d(5), d(6)), 9, 8).applyTo(base))
        .isInstanceOf(StaleSourcesException.class);
  }

  @Test
  void anEditThatIsThereAlreadyChangesNothing() {
    assertThat(replace(TERM, List.of(), List.of(d(6)), 9, 8).applyTo(draw("r8(2-6) | d7 | 9")))
        .isEmpty();
    assertThat(new RecordProgress(TERM, null, 8).applyTo(draw("| d7 | 8"))).isEmpty();
  }

  @Test
  void whatMayBeGarbageIsNeverNamed() {
    assertThatThrownBy(() -> apply("| d6 | 8", replace(TERM, List.of(), List.of(d(6)), 9, 7)))
        .as("a directory below the low mark")
        .hasMessageContaining("newObjectsAreAboveTheLowMark");
    RunRef strange =
        run(8, new Place(2, 6), List.of(new DataRef(SortedObjectKind.L1, 4, 3, 10, 1)));
    assertThatThrownBy(
            () ->
                apply(
                    "| d6 | 8",
                    new ReplaceWithRuns(TERM, List.of(), List.of(d(6)), List.of(strange), 9)))
        .as("an object below the low mark that nothing names")
        .hasMessageContaining("runsNameWhatIsKept");
    JobProgress job =
        new JobProgress(
            List.of(), List.of(), List.of(new DataRef(SortedObjectKind.L1, 4, 3, 10, 1)));
    Manifest recorded = checked(draw("| d6 | 2"), new RecordProgress(TERM, job, 8));
    assertThat(
            drawn(
                checked(
                    recorded,
                    new ReplaceWithRuns(TERM, List.of(), List.of(d(6)), List.of(strange), 9))))
        .as("but the job has recorded it")
        .isEqualTo("r8(2-6) | | 9");
  }

  // -- drawing -----------------------------------------------------------------------------------

  private static String apply(String picture, ManifestEdit edit) {
    return drawn(checked(draw(picture), edit));
  }

  private static Manifest checked(Manifest base, ManifestEdit edit) {
    Manifest next =
        edit.applyTo(base).orElseThrow().withCommit(base.id() + 1, new CommitId(MINE, 1));
    ManifestInvariants.check(base, next, Role.COMPACTOR);
    return next;
  }

  private static ReplaceWithRuns replace(
      CompactorTerm term, List<RunRef> runs, List<L0Ref> l0, long next, long... results) {
    List<RunRef> made = new ArrayList<>();
    for (long number : results) {
      made.add(run(number, Place.NONE, List.of()));
    }
    return new ReplaceWithRuns(term, runs, l0, made, next);
  }

  private static Manifest draw(String picture) {
    String[] parts = picture.split("\\|", -1);
    List<RunRef> runs = new ArrayList<>();
    for (String word : words(parts[0])) {
      String[] numbers = word.substring(1, word.length() - 1).split("[(-]");
      runs.add(r(Long.parseLong(numbers[0]), Long.parseLong(numbers[2])));
    }
    List<L0Ref> l0 = new ArrayList<>();
    for (String word : words(parts[1])) {
      long number = Long.parseLong(word.substring(1));
      l0.add(word.startsWith("w") ? w(number) : d(number));
    }
    return new Manifest(
        new LaneId(0),
        1,
        CommitId.NONE,
        new WriterTerm(1, 3, new UUID(1, 1)),
        new WalSlot(3, 9),
        l0,
        new TableRef(3, 1, 10, 1),
        20,
        new Level1(4, MINE, Long.parseLong(parts[2].strip()), runs, null),
        ExtensionFields.NONE);
  }

  private static List<String> words(String text) {
    return text.isBlank() ? List.of() : List.of(text.strip().split(" +"));
  }

  private static String drawn(Manifest manifest) {
    String runs =
        manifest.level1().runs().stream()
            .map(run -> "r" + run.number() + "(" + run.coversUpTo() + ")")
            .collect(Collectors.joining(" "));
    String l0 =
        manifest.l0().stream()
            .map(ref -> (ref.isAdoptedWal() ? "w" : "d") + ref.number())
            .collect(Collectors.joining(" "));
    return (runs + " | " + l0).strip() + " | " + manifest.level1().lowMark();
  }

  private static L0Ref d(long number) {
    return new L0Ref(SortedObjectKind.L0, 2, number, 100, 7, 1, 50, 1);
  }

  private static L0Ref w(long number) {
    return new L0Ref(SortedObjectKind.WAL, 2, number, 100, 7, 1, 50, 1);
  }

  private static RunRef r(long number, long covers) {
    return run(number, new Place(2, covers), List.of());
  }

  private static RunRef run(long number, Place covers, List<DataRef> objects) {
    return new RunRef(4, number, 100, 7, 0, 1, 50, 1, Place.NONE, covers, 0, objects);
  }
}
