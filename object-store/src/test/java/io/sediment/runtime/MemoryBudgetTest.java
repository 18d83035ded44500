package io.sediment.runtime;

import static io.sediment.runtime.MemoryBudget.Share.READAHEAD;
import static io.sediment.runtime.MemoryBudget.Share.TAIL;
import static io.sediment.runtime.MemoryBudget.Share.WAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.runtime.MemoryBudget.Allowance;
import io.sediment.runtime.MemoryBudget.Share;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
  /** 100 in all: 40 for the WAL, 20 for readahead, 40 common. */
  private final MemoryBudget budget =
      new MemoryBudget(100, Map.of(WAL, new Allowance(40, 70), READAHEAD, new Allowance(20, 60)));

  @Test
  void aShareUsesItsReservationThenTheCommonPartUpToItsLimit() {
    assertThat(budget.tryReserve(WAL, 40)).isTrue();
    assertThat(budget.tryReserve(WAL, 30)).isTrue();
    assertThat(budget.tryReserve(WAL, 1)).isFalse();
    assertThat(budget.usedBytes(WAL)).isEqualTo(70);
  }

  @Test
  void noShareCanTakeWhatIsReservedForAnother() {
    assertThat(budget.tryReserve(READAHEAD, 60)).isTrue(); // all of the common part
    assertThat(budget.tryReserve(WAL, 41)).isFalse();
    assertThat(budget.tryReserve(WAL, 40)).isTrue();
    assertThat(budget.usedBytes()).isEqualTo(budget.totalBytes());
  }

  @Test
  void aShareWithoutAllowanceGetsNothing() {
    assertThat(budget.tryReserve(TAIL, 1)).isFalse();
    assertThat(budget.tryReserve(TAIL, 0)).isTrue();
  }

  @Test
  void releasedBytesAreFreeForEverybodyAgain() {
    budget.tryReserve(READAHEAD, 60);
    budget.release(READAHEAD, 60);
    assertThat(budget.tryReserve(WAL, 70)).isTrue();
    assertThat(budget.usedBytes(READAHEAD)).isZero();
  }

  @Test
  void waitersAreServedInOrderAndNobodyOvertakes() {
    budget.tryReserve(WAL, 70);
    CompletableFuture<Void> large = budget.reserve(WAL, 50);
    CompletableFuture<Void> small = budget.reserve(WAL, 5);
    budget.release(WAL, 10);
    assertThat(large).isNotDone();
    assertThat(small).isNotDone();
    assertThat(budget.tryReserve(WAL, 5)).isFalse();

    budget.release(WAL, 40);
    assertThat(large).isDone();
    assertThat(small).isNotDone();

    budget.release(WAL, 50);
    assertThat(small).isDone();
    assertThat(budget.usedBytes(WAL)).isEqualTo(25);
  }

  @Test
  void aReleaseOfOneShareWakesAnotherThatWaitsForTheCommonPart() {
    budget.tryReserve(READAHEAD, 60);
    CompletableFuture<Void> wal = budget.reserve(WAL, 60);
    budget.release(READAHEAD, 20);
    assertThat(wal).isDone();
  }

  @Test
  void aWaiterThatGivesUpMakesWayAndTakesNothing() {
    budget.tryReserve(WAL, 60);
    CompletableFuture<Void> large = budget.reserve(WAL, 50);
    CompletableFuture<Void> small = budget.reserve(WAL, 10);
    large.cancel(false);
    assertThat(small).isDone();
    assertThat(budget.usedBytes(WAL)).isEqualTo(70);
  }

  @Test
  void aReservationThatCanNeverBeGrantedIsRefusedAtOnce() {
    assertThat(budget.largestReservation(WAL)).isEqualTo(70);
    assertThat(budget.largestReservation(READAHEAD)).isEqualTo(60);
    assertThatThrownBy(() -> budget.reserve(WAL, 71))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bytes=71");
  }

  @Test
  void releasingMoreThanIsInUseIsABug() {
    budget.tryReserve(WAL, 1);
    assertThatThrownBy(() -> budget.release(WAL, 2)).isInstanceOf(IllegalStateException.class);
    assertThat(budget.usedBytes(WAL)).isEqualTo(1);
  }

  @Test
  void reservationsBeyondTheTotalAreRefused() {
    assertThatThrownBy(() -> new MemoryBudget(10, Map.of(WAL, new Allowance(11, 11))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void releasesAreAnnounced() {
    AtomicInteger releases = new AtomicInteger();
    budget.onRelease(releases::incrementAndGet);
    budget.tryReserve(WAL, 2);
    budget.release(WAL, 1);
    budget.release(WAL, 1);
    assertThat(releases).hasValue(2);
  }

  @Test
  void theBrokersSharesFitIntoAnyTotal() {
    for (long total : new long[] {0, 1, 9, 10, 11, 64 << 20, (1L << 40) + 7}) {
      MemoryBudget broker = MemoryBudget.forBroker(total);
      for (Share share : Share.values()) {
        assertThat(broker.limitBytes(share)).isLessThanOrEqualTo(total);
      }
    }
  }

  @Test
  void concurrentUsersNeverExceedTheBudgetAndAllAreServed() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    AtomicInteger granted = new AtomicInteger();
    for (int i = 0; i < 4; i++) {
      Share share = i % 2 == 0 ? WAL : READAHEAD;
      int bytes = 7 + 5 * i;
      Thread thread =
          new Thread(
              () -> {
                for (int round = 0; round < 2_000; round++) {
                  CompletableFuture<Void> reservation = budget.reserve(share, bytes);
                  if (round % 5 == 0 && reservation.cancel(false)) {
                    continue;
                  }
                  Await.result(reservation);
                  granted.incrementAndGet();
                  if (budget.usedBytes(WAL) > 70 || budget.usedBytes(READAHEAD) > 60) {
                    throw new AssertionError("budget exceeded");
                  }
                  budget.release(share, bytes);
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(granted.get()).isGreaterThanOrEqualTo(4 * 1_600);
    assertThat(budget.usedBytes()).isZero();
    assertThat(budget.tryReserve(WAL, 70)).isTrue();
  }
}
