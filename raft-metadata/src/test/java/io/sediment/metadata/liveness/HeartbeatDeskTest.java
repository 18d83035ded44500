package io.sediment.metadata.liveness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataOutput;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.SealLane;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** How far lanes are acknowledged goes from their owners to everybody else. */
class HeartbeatDeskTest {
  private static final LaneId LANE = new LaneId(0);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(7, "host", 9092);
  private final BrokerLeases leases = new BrokerLeases(Duration.ofSeconds(1));
  private final HeartbeatDesk desk = new HeartbeatDesk(leases, () -> 4711, () -> 0);

  HeartbeatDeskTest() {
    metadata.accept(new RegisterBroker(8, new UUID(1, 8), "other", 9092, null));
    leases.lead();
  }

  private MetadataImage image() {
    return metadata.image();
  }

  private void say(long epoch, long seq) {
    desk.hear(new Heartbeat(7, 1, false, new LaneReport(LANE, epoch, seq, 7)), image());
  }

  private List<LaneReport> heardByTheOther() {
    return desk.hear(new Heartbeat(8, 1, false), image()).lanes();
  }

  @Test
  void theNewestCountsInWhateverOrderItIsSaid() {
    assertThat(heardByTheOther()).isEmpty();
    say(1, 5);
    say(1, 4);
    assertThat(heardByTheOther()).containsExactly(new LaneReport(LANE, 1, 5, 7));
    say(2, 1);
    say(1, 9);
    assertThat(heardByTheOther()).containsExactly(new LaneReport(LANE, 2, 1, 7));
    assertThat(
            desk.hear(new Heartbeat(7, 1, false, new LaneReport(LANE, 2, 1, 7)), image()).lanes())
        .as("the owner knows")
        .isEmpty();
  }

  @Test
  void nothingIsSaidOfALaneThatIsClosed() {
    say(1, 5);
    metadata.accept(new SealLane(LANE, 1, 8, 1));
    assertThat(heardByTheOther()).isEmpty();
    say(1, 6);
    assertThat(heardByTheOther()).isEmpty();
  }

  @Test
  void bothComeBackAsTheyWereAndOlderFormatsAreUnderstood() {
    for (Heartbeat heartbeat :
        List.of(
            new Heartbeat(7, 3, true),
            new Heartbeat(300, 1L << 40, false, new LaneReport(LANE, 1L << 33, 0, 7)))) {
      assertThat(Heartbeat.decode(ByteBuffer.wrap(heartbeat.encode()))).isEqualTo(heartbeat);
    }
    HeartbeatReply reply =
        new HeartbeatReply(
            HeartbeatReply.Verdict.GRANTED,
            Duration.ofMillis(1500),
            List.of(new LaneReport(LANE, 2, 3, 7), new LaneReport(new LaneId(9), 1, 1L << 50, 7)),
            4711);
    assertThat(HeartbeatReply.decode(ByteBuffer.wrap(reply.encode()))).isEqualTo(reply);

    byte[] old = new MetadataOutput().u8(1).varint(7).varint(3).u8(1).toByteArray();
    assertThat(Heartbeat.decode(ByteBuffer.wrap(old))).isEqualTo(new Heartbeat(7, 3, true));
    byte[] replyWithoutIndex = new MetadataOutput().u8(2).u8(1).varint(9).varint(0).toByteArray();
    assertThat(HeartbeatReply.decode(ByteBuffer.wrap(replyWithoutIndex)))
        .isEqualTo(new HeartbeatReply(HeartbeatReply.Verdict.GRANTED, Duration.ofNanos(9)));
    byte[] oldReply = new MetadataOutput().u8(1).u8(2).varint(0).toByteArray();
    assertThat(HeartbeatReply.decode(ByteBuffer.wrap(oldReply)))
        .isEqualTo(HeartbeatReply.of(HeartbeatReply.Verdict.NOT_LEADER));
  }

  @Test
  void whatALaterVersionAddsIsLeftUnreadAndNothingElse() {
    Heartbeat heartbeat = new Heartbeat(7, 3, false, new LaneReport(LANE, 2, 3, 7));
    HeartbeatReply reply =
        new HeartbeatReply(HeartbeatReply.Verdict.GRANTED, Duration.ofMillis(1500));
    assertThat(Heartbeat.decode(withMore(heartbeat.encode(), 99))).isEqualTo(heartbeat);
    assertThat(HeartbeatReply.decode(withMore(reply.encode(), 99))).isEqualTo(reply);
    assertThatThrownBy(() -> Heartbeat.decode(withMore(heartbeat.encode(), 2)))
        .hasMessageContaining("too many");
    assertThatThrownBy(() -> HeartbeatReply.decode(withMore(reply.encode(), 3)))
        .hasMessageContaining("too many");
  }

  private static ByteBuffer withMore(byte[] message, int version) {
    byte[] longer = Arrays.copyOf(message, message.length + 5);
    longer[0] = (byte) version;
    return ByteBuffer.wrap(longer);
  }
}
