package io.sediment.runtime;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * One account of the process's large buffers, which refuses instead of running out of memory.
 *
 * <p>Every {@link Share} has bytes reserved for it that no other share can take; what the
 * reservations leave of the total is common and goes to whoever asks first, up to the share's
 * limit. So a catch-up reader can use idle memory, yet can never take the memory that the WAL needs
 * to make progress.
 *
 * <p>It counts, it does not allocate: who reserves, allocates and releases. Meant for slabs and
 * blocks (thousands of calls a second), not for single records. Thread-safe; callbacks run on the
 * thread that released, outside the lock.
 */
public final class MemoryBudget {
  /** Who uses memory. */
  public enum Share {
    /** Open and unacked WAL objects and the unflushed memtable: refusing here throttles produce. */
    WAL,
    /** Flushed batches kept for tail reads. */
    TAIL,
    BLOCK_CACHE,
    READAHEAD,
    COMPACTION,
    /** Requests that have arrived and are not consumed: without room, sockets are not read. */
    REQUESTS
  }

  /**
   * @param reservedBytes always there for this share
   * @param limitBytes the most it may use, common memory included
   */
  public record Allowance(long reservedBytes, long limitBytes) {
    public Allowance {
      if (reservedBytes < 0 || limitBytes < reservedBytes) {
        throw new IllegalArgumentException(
            "allowance: reservedBytes=" + reservedBytes + " limitBytes=" + limitBytes);
      }
    }
  }

  private static final long REQUEST_BYTES_MAX = 128 << 20;

  private record Waiter(Share share, long bytes, CompletableFuture<Void> granted) {}

  private static final class Account {
    final Allowance allowance;
    final ArrayDeque<Waiter> waiters = new ArrayDeque<>(); // guarded by the budget
    volatile long usedBytes; // written under the budget's lock

    Account(Allowance allowance) {
      this.allowance = allowance;
    }

    /** Bytes taken from the common part when {@code used} bytes are in use. */
    long commonBytes(long used) {
      return Math.max(0, used - allowance.reservedBytes());
    }
  }

  private final long totalBytes;
  private final long commonTotalBytes;
  private final Map<Share, Account> accounts = new EnumMap<>(Share.class);
  private final List<Runnable> releaseListeners = new CopyOnWriteArrayList<>();
  private long commonUsedBytes; // guarded by this

  /**
   * @param allowances one per share; a share that is missing gets nothing
   */
  public MemoryBudget(long totalBytes, Map<Share, Allowance> allowances) {
    long reserved = 0;
    for (Share share : Share.values()) {
      Allowance allowance = allowances.getOrDefault(share, new Allowance(0, 0));
      accounts.put(share, new Account(allowance));
      reserved = Math.addExact(reserved, allowance.reservedBytes());
    }
    if (reserved > totalBytes) {
      throw new IllegalArgumentException(
          "memory budget: totalBytes=" + totalBytes + " is less than reservedBytes=" + reserved);
    }
    this.totalBytes = totalBytes;
    this.commonTotalBytes = totalBytes - reserved;
  }

  /**
   * Splits {@code totalBytes} the way a broker wants it: a seventh, but no more than 128 MB, for
   * requests, who take nothing from others and have nothing taken; of the rest 30 % reserved for
   * the WAL and memtable (up to 60 % while others leave it), 10 % tail, 10 % block cache, 10 %
   * readahead, 10 % compaction; the remaining 30 % is common.
   */
  public static MemoryBudget forBroker(long totalBytes) {
    long requests = Math.min(REQUEST_BYTES_MAX, totalBytes / 7);
    long tenth = (totalBytes - requests) / 10;
    return new MemoryBudget(
        totalBytes,
        Map.of(
            Share.WAL, new Allowance(3 * tenth, 6 * tenth),
            Share.TAIL, new Allowance(tenth, 3 * tenth),
            Share.BLOCK_CACHE, new Allowance(tenth, 3 * tenth),
            Share.READAHEAD, new Allowance(tenth, 3 * tenth),
            Share.COMPACTION, new Allowance(tenth, 3 * tenth),
            Share.REQUESTS, new Allowance(requests, requests)));
  }

  /** Takes {@code bytes} if they are free and nobody of this share has been waiting for longer. */
  public synchronized boolean tryReserve(Share share, long bytes) {
    Account account = account(share, bytes);
    return account.waiters.isEmpty() && take(account, bytes);
  }

  /**
   * Takes {@code bytes} now or as soon as they are free; of one share, first come first served.
   * Cancelling the future gives up waiting; if that returns false, the bytes are the caller's.
   *
   * @throws IllegalArgumentException if the share's limit could never hold so many
   */
  public CompletableFuture<Void> reserve(Share share, long bytes) {
    Account account = account(share, bytes);
    if (bytes > largestReservation(share)) {
      throw new IllegalArgumentException(
          "memory budget: share="
              + share
              + " bytes="
              + bytes
              + " can never be free, most="
              + largestReservation(share));
    }
    synchronized (this) {
      if (account.waiters.isEmpty() && take(account, bytes)) {
        return CompletableFuture.completedFuture(null);
      }
      Waiter waiter = new Waiter(share, bytes, new CompletableFuture<>());
      account.waiters.add(waiter);
      waiter.granted.whenComplete(
          (done, failure) -> {
            if (failure != null) {
              giveUp(account, waiter);
            }
          });
      return waiter.granted;
    }
  }

  /** Gives back what was reserved, wakes waiters, then tells the release listeners. */
  public void release(Share share, long bytes) {
    Account account = account(share, bytes);
    synchronized (this) {
      giveBack(account, share, bytes);
    }
    grantWaiters();
    releaseListeners.forEach(Runnable::run);
  }

  /** Runs {@code listener} after every release; it must be short and may reserve. */
  public void onRelease(Runnable listener) {
    releaseListeners.add(listener);
  }

  public long usedBytes(Share share) {
    return account(share, 0).usedBytes;
  }

  /** The most {@code share} may ever use. */
  public long limitBytes(Share share) {
    return account(share, 0).allowance.limitBytes();
  }

  /** What nobody else can take: {@code share} gets so much once its own users let go of it. */
  public long reservedBytes(Share share) {
    return account(share, 0).allowance.reservedBytes();
  }

  /** The largest single reservation of {@code share} that can ever be granted. */
  public long largestReservation(Share share) {
    Allowance allowance = account(share, 0).allowance;
    return Math.min(allowance.limitBytes(), allowance.reservedBytes() + commonTotalBytes);
  }

  public long totalBytes() {
    return totalBytes;
  }

  /** Bytes in use by all shares together. */
  public long usedBytes() {
    long sum = 0;
    for (Account account : accounts.values()) {
      sum += account.usedBytes;
    }
    return sum;
  }

  private Account account(Share share, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("memory budget: share=" + share + " bytes=" + bytes);
    }
    Account account = accounts.get(share);
    if (account == null) {
      throw new IllegalStateException("memory budget has no share " + share);
    }
    return account;
  }

  // The callers below hold the lock.

  private boolean take(Account account, long bytes) {
    long used = account.usedBytes + bytes;
    long moreCommon = account.commonBytes(used) - account.commonBytes(account.usedBytes);
    if (used > account.allowance.limitBytes() || commonUsedBytes + moreCommon > commonTotalBytes) {
      return false;
    }
    account.usedBytes = used;
    commonUsedBytes += moreCommon;
    return true;
  }

  private void giveBack(Account account, Share share, long bytes) {
    long used = account.usedBytes - bytes;
    if (used < 0) {
      throw new IllegalStateException(
          "memory budget: share="
              + share
              + " releases "
              + bytes
              + " of "
              + account.usedBytes
              + " bytes in use");
    }
    commonUsedBytes -= account.commonBytes(account.usedBytes) - account.commonBytes(used);
    account.usedBytes = used;
  }

  private void giveUp(Account account, Waiter waiter) {
    synchronized (this) {
      account.waiters.remove(waiter);
    }
    grantWaiters(); // a smaller one behind it may fit
  }

  private void grantWaiters() {
    List<Waiter> granted = new ArrayList<>();
    synchronized (this) {
      for (Account account : accounts.values()) {
        for (Waiter first = account.waiters.peek();
            first != null && take(account, first.bytes);
            first = account.waiters.peek()) {
          granted.add(account.waiters.remove());
        }
      }
    }
    for (Waiter waiter : granted) {
      if (!waiter.granted.complete(null)) {
        release(waiter.share, waiter.bytes); // cancelled between the grant and here
      }
    }
  }
}
