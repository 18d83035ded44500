package io.sediment.runtime;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Daemon threads named {@code prefix-1}, {@code prefix-2} …, so that a thread dump says whose work
 * each of them does.
 */
@EdgeOfTheProcess
public final class NamedThreads implements ThreadFactory {
  private static final Logger log = LoggerFactory.getLogger(NamedThreads.class);

  private final String prefix;
  private final AtomicInteger started = new AtomicInteger();

  public NamedThreads(String prefix) {
    this.prefix = prefix;
  }

  /**
   * A pool of up to {@code threads} threads with an unbounded queue, started on demand and released
   * after a minute without work. A task that throws is logged and takes nothing else down. The
   * caller shuts it down.
   */
  public static ExecutorService pool(String prefix, int threads) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            1,
            TimeUnit.MINUTES,
            new LinkedBlockingQueue<>(),
            new NamedThreads(prefix));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  @Override
  public Thread newThread(Runnable work) {
    Thread thread = new Thread(work, prefix + "-" + started.incrementAndGet());
    thread.setDaemon(true);
    thread.setUncaughtExceptionHandler(
        (dying, failure) -> log.error("task failed: thread={}", dying.getName(), failure));
    return thread;
  }
}
