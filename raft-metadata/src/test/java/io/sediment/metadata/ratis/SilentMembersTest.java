package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.ratis.protocol.RaftPeerId;
import org.junit.jupiter.api.Test;

class SilentMembersTest {
  private static final Duration LEASE = Duration.ofSeconds(1);
  private static final RaftPeerId ONE = RaftPeerId.valueOf("1");
  private static final RaftPeerId TWO = RaftPeerId.valueOf("2");

  private final ManualScheduler scheduler = new ManualScheduler();
  private final Map<RaftPeerId, Long> heardAt = new HashMap<>();
  private final List<String> reconnected = new ArrayList<>();
  private final SilentMembers members =
      new SilentMembers(
          this::silence, id -> reconnected.add(id + " at " + now().toSeconds()), scheduler, LEASE);
  private final long startNanos = scheduler.nanoTime();

  private Duration now() {
    return Duration.ofNanos(scheduler.nanoTime() - startNanos);
  }

  private Map<RaftPeerId, Duration> silence() {
    Map<RaftPeerId, Duration> silence = new HashMap<>();
    heardAt.forEach((id, at) -> silence.put(id, now().minusNanos(at)));
    return silence;
  }

  private void hear(RaftPeerId member) {
    heardAt.put(member, now().toNanos());
  }

  @Test
  void whoIsSilentIsConnectedToAgainAfterLongerAndLonger() {
    members.watch();
    hear(ONE);
    for (int second = 0; second < 200; second++) {
      hear(TWO);
      scheduler.advance(Duration.ofSeconds(1));
    }
    assertThat(reconnected)
        .containsExactly(
            "1 at 2", "1 at 4", "1 at 8", "1 at 16", "1 at 32", "1 at 64", "1 at 124", "1 at 184");
  }

  @Test
  void whoWasHeardIsAsNew() {
    members.watch();
    hear(ONE);
    scheduler.advance(Duration.ofSeconds(10));
    hear(ONE);
    scheduler.advance(Duration.ofSeconds(3));
    assertThat(reconnected).containsExactly("1 at 2", "1 at 4", "1 at 8", "1 at 12");
  }

  @Test
  void nobodyIsConnectedToAfterTheEnd() {
    members.watch();
    hear(ONE);
    scheduler.advance(LEASE);
    members.close();
    scheduler.advance(Duration.ofMinutes(1));
    assertThat(reconnected).isEmpty();
  }
}
