package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.frontend.group.MemberMemory.Answer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class MemberMemoryTest {
  private static final long KIB = 1 << 10;
  private static final long MAX = 100 * KIB;
  private static final long SESSION_MS = 6_000;
  private static final long MEMBER = MemberMemory.MEMBER_BYTES;

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private long nowNanos;
  private final MemberMemory memory = new MemberMemory(MAX, () -> nowNanos, meters);

  private void pass(long ms) {
    nowNanos += TimeUnit.MILLISECONDS.toNanos(ms);
  }

  private CompletableFuture<Answer> join(
      String member, long bytes, Supplier<CompletableFuture<Answer>> request) {
    return memory.join("group", member, bytes, SESSION_MS, request, answer -> answer);
  }

  private void join(String member, long bytes, Errors error) {
    join(member, bytes, () -> CompletableFuture.completedFuture(new Answer(error.code(), member)));
  }

  @Test
  void whoAsksForMoreThanThereIsIsRefusedAndTheRequestNotMade() {
    join("a", 60 * KIB, Errors.NONE);
    assertThat(memory.bytes()).isEqualTo(60 * KIB + MEMBER);
    assertThatThrownBy(
            () ->
                join(
                    "b",
                    40 * KIB,
                    () -> {
                      throw new AssertionError("made");
                    }))
        .isInstanceOf(CoordinatorNotAvailableException.class);
    assertThat(meters.counter("kafka.group.members.refused").count()).isEqualTo(1);
    join("b", 30 * KIB, Errors.NONE);
    join("a", 60 * KIB, Errors.NONE);
    join("a", 10 * KIB, Errors.NONE);
    assertThat(memory.bytes()).isEqualTo(40 * KIB + 2 * MEMBER);
    assertThat(meters.get("kafka.group.members.memory").gauge().value()).isEqualTo(memory.bytes());
  }

  @Test
  void aMemberCountsUntilItLeavesOrItsSessionIsOver() {
    join("leaves", 10 * KIB, Errors.NONE);
    join("vanishes", 10 * KIB, Errors.NONE);
    join("stays", 10 * KIB, Errors.NONE);
    memory.left("group", "leaves");
    assertThat(memory.bytes()).isEqualTo(2 * (10 * KIB + MEMBER));
    for (int i = 0; i < 3; i++) {
      pass(SESSION_MS / 2);
      memory.heard("group", "stays");
    }
    assertThat(memory.bytes()).isEqualTo(10 * KIB + MEMBER);
    memory.heard("group", "vanishes");
    assertThat(memory.bytes()).isEqualTo(10 * KIB + MEMBER);
  }

  @Test
  void aRequestThatWaitsForOthersCountsHoweverLong() {
    CompletableFuture<Answer> waits = new CompletableFuture<>();
    join("", 50 * KIB, () -> waits);
    pass(10 * SESSION_MS);
    assertThat(memory.bytes()).isEqualTo(50 * KIB + MEMBER);
    waits.complete(new Answer(Errors.NONE.code(), "named"));
    assertThat(memory.bytes()).isEqualTo(50 * KIB + MEMBER);
    memory.left("group", "named");
    assertThat(memory.bytes()).isZero();
  }

  @Test
  void whatIsRefusedByTheCoordinatorCountsNoMore() {
    join("a", 10 * KIB, Errors.NONE);
    join("a", 20 * KIB, Errors.REBALANCE_IN_PROGRESS);
    assertThat(memory.bytes()).as("as before").isEqualTo(10 * KIB + MEMBER);
    join("nobody", 20 * KIB, Errors.UNKNOWN_MEMBER_ID);
    join("b", 20 * KIB, () -> CompletableFuture.failedFuture(new IllegalStateException()));
    assertThatThrownBy(
            () ->
                join(
                    "c",
                    20 * KIB,
                    () -> {
                      throw new IllegalStateException("at once");
                    }))
        .hasMessage("at once");
    assertThat(memory.bytes()).isEqualTo(10 * KIB + MEMBER);
    join(
        "",
        20 * KIB,
        () ->
            CompletableFuture.completedFuture(
                new Answer(Errors.MEMBER_ID_REQUIRED.code(), "named")));
    assertThat(memory.bytes()).as("a name").isEqualTo(10 * KIB + 2 * MEMBER);
  }

  @Test
  void ofRequestsThatOvertakeEachOtherTheLaterCounts() {
    CompletableFuture<Answer> first = new CompletableFuture<>();
    join("a", 50 * KIB, () -> first);
    join("a", 20 * KIB, Errors.NONE);
    first.complete(new Answer(Errors.UNKNOWN_MEMBER_ID.code(), "a"));
    assertThat(memory.bytes()).isEqualTo(20 * KIB + MEMBER);
  }

  @Test
  void assignmentsCountAsLongAsTheirLeader() {
    join("leader", 10 * KIB, Errors.NONE);
    assign(20 * KIB);
    assign(30 * KIB);
    assertThat(memory.bytes()).isEqualTo(40 * KIB + MEMBER);
    assertThatThrownBy(() -> assign(90 * KIB)).isInstanceOf(CoordinatorNotAvailableException.class);
    pass(2 * SESSION_MS);
    assertThat(memory.bytes()).isZero();
  }

  private void assign(long bytes) {
    memory.assign(
        "group",
        "leader",
        bytes,
        () -> CompletableFuture.completedFuture(Errors.NONE.code()),
        code -> code);
  }

  @Test
  void aHeartbeatCountsWhereItSaysMore() {
    heartbeat(0, 10 * KIB);
    heartbeat(3, 100);
    assertThat(memory.bytes()).isEqualTo(10 * KIB + MEMBER);
    heartbeat(4, 20 * KIB);
    assertThat(memory.bytes()).isEqualTo(20 * KIB + MEMBER);
    assertThatThrownBy(() -> heartbeat(5, MAX))
        .isInstanceOf(CoordinatorNotAvailableException.class);
    heartbeat(5, 100);
    heartbeat(-2, 100);
    assertThat(memory.bytes()).as("static: it comes back").isEqualTo(20 * KIB + MEMBER);
    heartbeat(-1, 100);
    assertThat(memory.bytes()).isZero();
  }

  private void heartbeat(int epoch, long bytes) {
    memory.heartbeat(
        "group",
        "a",
        epoch,
        bytes,
        SESSION_MS,
        () -> CompletableFuture.completedFuture(new Answer(Errors.NONE.code(), "a")),
        answer -> answer);
  }
}
