package io.sediment.cluster.torture;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;

/** What each producer sent and what was acknowledged at which offset. Thread-safe. */
final class Ledger {
  /** Makes records large enough for memtables to fill every few seconds. */
  static final int LARGE = 1024;

  /** All of them are kept in memory, twice. */
  static final int SMALL = 8;

  private final String padding;

  /**
   * @param paddingBytes at the end of each value
   */
  Ledger(int paddingBytes) {
    this.padding = ":" + "s".repeat(paddingBytes);
  }

  /** An acknowledgement: this value stands at this offset. */
  record Ack(int partition, long offset, String value) {
    @Override
    public String toString() {
      return partition + "@" + offset + "=" + value.substring(0, value.lastIndexOf(':'));
    }
  }

  /**
   * One producer's account. A producer writes to one partition only, so its order is the
   * partition's.
   */
  static final class Account {
    final String producer;
    final int partition;
    final boolean idempotent;
    private final String padding;
    private final List<Ack> acks = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private long lastAckNanos; // 0 before the first
    private long longestPauseNanos; // since it was asked for last

    private Account(String producer, int partition, boolean idempotent, String padding) {
      this.producer = producer;
      this.partition = partition;
      this.idempotent = idempotent;
      this.padding = padding;
    }

    /** Value of this producer's n-th record. */
    String value(long n) {
      return producer + ":" + n + padding;
    }

    /** Number of the record that has this value. */
    static long number(String value) {
      int begin = value.indexOf(':') + 1;
      return Long.parseLong(value.substring(begin, value.indexOf(':', begin)));
    }

    synchronized void acked(long offset, String value) {
      acks.add(new Ack(partition, offset, value));
      long now = System.nanoTime();
      if (lastAckNanos != 0) {
        longestPauseNanos = Math.max(longestPauseNanos, now - lastAckNanos);
      }
      lastAckNanos = now;
    }

    /** The longest time without an acknowledgement since this was asked last. */
    synchronized long takeLongestPauseMs() {
      long pause = longestPauseNanos;
      longestPauseNanos = 0;
      return TimeUnit.NANOSECONDS.toMillis(pause);
    }

    synchronized void failed(String why) {
      failures.add(why);
    }

    synchronized List<Ack> acks() {
      return List.copyOf(acks);
    }

    synchronized List<String> failures() {
      return List.copyOf(failures);
    }
  }

  private final ConcurrentMap<String, Account> accounts = new ConcurrentHashMap<>();

  Account open(String producer, int partition, boolean idempotent) {
    Account account = new Account(producer, partition, idempotent, padding);
    if (accounts.putIfAbsent(producer, account) != null) {
      throw new IllegalStateException("two producers of one name: " + producer);
    }
    return account;
  }

  List<Account> accounts() {
    return accounts.values().stream().sorted((a, b) -> a.producer.compareTo(b.producer)).toList();
  }

  long ackCount() {
    return accounts.values().stream().mapToLong(a -> a.acks().size()).sum();
  }
}
