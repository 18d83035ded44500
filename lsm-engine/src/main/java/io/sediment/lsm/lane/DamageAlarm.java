package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.scan.ScanCounters;
import io.sediment.runtime.Failures;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of reads that failed for good because of what the bucket holds: counts them, and says which
 * object is damaged or missing, once for each that is not the one before. Thread-safe.
 */
final class DamageAlarm {
  private static final Logger log = LoggerFactory.getLogger(DamageAlarm.class);

  private final ScanCounters counters;
  private volatile String last = "";

  DamageAlarm(ScanCounters counters) {
    this.counters = counters;
  }

  <T> CompletableFuture<T> watch(CompletableFuture<T> read) {
    return read.isDone() && !read.isCompletedExceptionally()
        ? read
        : read.whenComplete(
            (value, failure) -> {
              if (failure != null
                  && Failures.causeOf(failure) instanceof CorruptObjectException damage) {
                hear(damage);
              }
            });
  }

  private void hear(CorruptObjectException damage) {
    counters.damagedRead();
    String what = String.valueOf(damage.getMessage());
    if (!what.equals(last)) {
      last = what;
      log.error("a read failed since what is stored is damaged: {}", what);
    }
  }
}
