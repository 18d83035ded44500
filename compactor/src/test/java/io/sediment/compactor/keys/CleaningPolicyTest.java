package io.sediment.compactor.keys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CleaningPolicyTest {
  private static final long NOW_MS = 1_000_000;
  private static final long ALL_STABLE = Long.MAX_VALUE;

  @Test
  void onlyCompactedTopicsAreCleaned() {
    List<Stretch> all = List.of(dirty(0, 10, 100, 0));
    assertThat(CleaningPolicy.plan(all, CleaningSettings.DEFAULTS, ALL_STABLE, NOW_MS)).isEmpty();
    assertThat(plan(all, Map.of())).contains(new CleaningPlan(0, 10));
    assertThat(plan(all, Map.of("cleanup.policy", "delete, Compact")))
        .contains(new CleaningPlan(0, 10));
  }

  @Test
  void aPassWaitsForItsShareOfDirt() {
    List<Stretch> half = List.of(clean(0, 10, 100), dirty(10, 20, 100, 0));
    List<Stretch> more = List.of(clean(0, 10, 100), dirty(10, 20, 101, 0));
    assertThat(plan(half, Map.of())).isEmpty();
    assertThat(plan(more, Map.of())).contains(new CleaningPlan(10, 20));
    assertThat(plan(half, Map.of("min.cleanable.dirty.ratio", "0.4")))
        .contains(new CleaningPlan(10, 20));
    assertThat(plan(List.of(clean(0, 10, 100)), Map.of("min.cleanable.dirty.ratio", "0")))
        .isEmpty();
  }

  @Test
  void whatIsYoungStays() {
    List<Stretch> log =
        List.of(
            dirty(0, 10, 100, NOW_MS - 61_000),
            dirty(10, 20, 100, NOW_MS - 60_000),
            dirty(20, 30, 100, NOW_MS - 59_000));
    Map<String, String> minute = Map.of("min.compaction.lag.ms", "60000");
    assertThat(plan(log, minute)).contains(new CleaningPlan(0, 20));
    assertThat(plan(log.subList(2, 3), minute)).isEmpty();
  }

  @Test
  void whatIsOldDoesNotWaitForMore() {
    Map<String, String> minute = Map.of("max.compaction.lag.ms", "60000");
    Stretch base = clean(0, 10, 1_000_000);
    assertThat(plan(List.of(base, dirty(10, 20, 1, NOW_MS - 60_000)), minute)).isEmpty();
    assertThat(plan(List.of(base, dirty(10, 20, 1, NOW_MS - 60_001)), minute))
        .contains(new CleaningPlan(10, 20));
  }

  @Test
  void whatIsUndecidedStays() {
    List<Stretch> log = List.of(dirty(0, 10, 100, 0), dirty(10, 20, 100, 0));
    assertThat(CleaningPolicy.plan(log, settings(Map.of()), 13, NOW_MS))
        .contains(new CleaningPlan(0, 13));
    assertThat(CleaningPolicy.plan(log, settings(Map.of()), 10, NOW_MS))
        .contains(new CleaningPlan(0, 10));
    assertThat(CleaningPolicy.plan(log, settings(Map.of()), 0, NOW_MS)).isEmpty();
  }

  private static Optional<CleaningPlan> plan(List<Stretch> log, Map<String, String> configs) {
    return CleaningPolicy.plan(log, settings(configs), ALL_STABLE, NOW_MS);
  }

  private static CleaningSettings settings(Map<String, String> configs) {
    Map<String, String> all = new HashMap<>(configs);
    all.putIfAbsent("cleanup.policy", "compact");
    return CleaningSettings.of(all);
  }

  private static Stretch clean(long from, long to, long bytes) {
    return new Stretch(from, to, bytes, 0, 0, true);
  }

  private static Stretch dirty(long from, long to, long bytes, long timestampMs) {
    return new Stretch(from, to, bytes, timestampMs, timestampMs, false);
  }
}
