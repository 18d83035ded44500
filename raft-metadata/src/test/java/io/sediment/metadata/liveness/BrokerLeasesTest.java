package io.sediment.metadata.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Lease arithmetic at both ends, with time in hand. */
class BrokerLeasesTest {
  private static final long LEASE = 1_000;

  private final BrokerLeases leases = new BrokerLeases(Duration.ofNanos(LEASE));
  private long now = Long.MAX_VALUE - 500; // monotonic clocks may wrap around

  private boolean isAlive(int broker, long epoch) {
    return leases.isAlive(broker, epoch, now);
  }

  @Test
  void whoDoesNotLeadCallsNobodyDeadAndGrantsNothing() {
    assertThat(leases.renew(1, 1, now)).isFalse();
    assertThat(isAlive(1, 1)).isTrue();
    now += 10 * LEASE;
    assertThat(isAlive(1, 1)).isTrue();
  }

  @Test
  void aNewLeaderWaitsAWholeLeaseForBrokersItHasNeverHeard() {
    leases.lead();
    assertThat(isAlive(1, 1)).isTrue();
    now += LEASE - 1;
    assertThat(isAlive(1, 1)).isTrue();
    now += 1;
    assertThat(isAlive(1, 1)).isFalse();
  }

  @Test
  void aLeaderThatLeadsAgainHasForgottenWhatItHeardBefore() {
    leases.lead();
    assertThat(isAlive(1, 1)).isTrue();
    now += LEASE;
    leases.follow();
    leases.lead();
    assertThat(isAlive(1, 1)).isTrue();
    now += LEASE;
    assertThat(isAlive(1, 1)).isFalse();
  }

  @Test
  void eachHeartbeatCountsFromWhenItIsHeard() {
    leases.lead();
    assertThat(leases.renew(1, 1, now)).isTrue();
    now += LEASE - 1;
    assertThat(leases.renew(1, 1, now)).isTrue();
    now += LEASE - 1;
    assertThat(isAlive(1, 1)).isTrue();
    now += 1;
    assertThat(isAlive(1, 1)).isFalse();
    assertThat(leases.renew(1, 1, now)).isTrue();
    assertThat(isAlive(1, 1)).isTrue();
  }

  @Test
  void aNewProcessOfADeadBrokerIsAliveAndItsOldHeartbeatsDoNotCount() {
    leases.lead();
    leases.renew(1, 1, now);
    now += 5 * LEASE;
    assertThat(isAlive(1, 2)).as("registered a moment ago").isTrue();
    now += LEASE;
    leases.renew(1, 1, now);
    assertThat(isAlive(1, 2)).isFalse();
  }

  @Test
  void whoSaidGoodbyeIsDeadAtOnceAndItsSuccessorIsNot() {
    leases.lead();
    leases.renew(1, 3, now);
    leases.leave(1, 2, now);
    assertThat(isAlive(1, 3)).as("an older process left").isTrue();
    assertThat(leases.hasLeft(1, 3)).isFalse();
    leases.leave(1, 3, now);
    assertThat(isAlive(1, 3)).isFalse();
    assertThat(leases.hasLeft(1, 3)).isTrue();
    assertThat(leases.hasLeft(1, 4)).isFalse();
    assertThat(isAlive(1, 4)).isTrue();
  }

  @Test
  void whoFellSilentHasNotLeft() {
    leases.lead();
    leases.renew(1, 3, now);
    now += LEASE;
    assertThat(isAlive(1, 3)).isFalse();
    assertThat(leases.hasLeft(1, 3)).isFalse();
  }

  @Test
  void aBrokerCountsItsLeaseFromWhenItSentTheHeartbeat() {
    BrokerLease lease = new BrokerLease(() -> now);
    assertThat(lease.isHeld()).isFalse();
    long sent = now;
    now += LEASE / 2;
    lease.granted(sent, LEASE);
    assertThat(lease.isHeld()).isTrue();
    now = sent + LEASE - 1;
    assertThat(lease.isHeld()).isTrue();
    now = sent + LEASE;
    assertThat(lease.isHeld()).isFalse();
  }

  @Test
  void anAnswerThatComesLateShortensNothing() {
    BrokerLease lease = new BrokerLease(() -> now);
    long first = now;
    long second = now + LEASE / 2;
    now = second + 1;
    lease.granted(second, LEASE);
    lease.granted(first, LEASE);
    now = second + LEASE - 1;
    assertThat(lease.isHeld()).isTrue();
  }

  @Test
  void theLeaderAlwaysWaitsLongerThanTheBrokerBelieves() {
    leases.lead();
    BrokerLease lease = new BrokerLease(() -> now);
    long sent = now;
    now += 300; // on the wire
    leases.renew(1, 1, now);
    lease.granted(sent, LEASE);
    while (lease.isHeld()) {
      assertThat(isAlive(1, 1)).isTrue();
      now += 10;
    }
    assertThat(isAlive(1, 1)).isTrue();
  }
}
