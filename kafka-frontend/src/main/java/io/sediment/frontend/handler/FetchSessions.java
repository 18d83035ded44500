package io.sediment.frontend.handler;

import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchMetadata;
import org.jspecify.annotations.Nullable;

/**
 * The fetch sessions this broker remembers, at most so many. A newcomer takes the place of the one
 * that has been silent for longest, if that was long enough; else it gets no session, which clients
 * accept. Thread-safe.
 */
final class FetchSessions {
  /** Unused for so long, a session may be given up for a new one. */
  private static final Duration EVICTABLE_AFTER = Duration.ofMinutes(2);

  static final int NO_SESSION = FetchMetadata.INVALID_SESSION_ID;

  private static final class Entry {
    private final FetchSession session;
    private int nextEpoch;
    private long usedNanos;

    private Entry(FetchSession session, int nextEpoch, long usedNanos) {
      this.session = session;
      this.nextEpoch = nextEpoch;
      this.usedNanos = usedNanos;
    }
  }

  /** Outcome of continuing a session: either the session or an error. */
  record Continued(@Nullable FetchSession session, Errors error) {}

  private final int sessionsMax;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final Map<Integer, Entry> entries = new LinkedHashMap<>(16, 0.75f, true); // by last use

  FetchSessions(int sessionsMax, Ticker ticker, RandomGenerator random) {
    this.sessionsMax = sessionsMax;
    this.ticker = ticker;
    this.random = random;
  }

  /** Takes {@code session} in and answers its id, or {@link #NO_SESSION} where there is no room. */
  synchronized int add(FetchSession session) {
    if (sessionsMax == 0) {
      return NO_SESSION;
    }
    long now = ticker.nanoTime();
    if (entries.size() >= sessionsMax) {
      Map.Entry<Integer, Entry> eldest = entries.entrySet().iterator().next();
      if (now - eldest.getValue().usedNanos < EVICTABLE_AFTER.toNanos()) {
        return NO_SESSION;
      }
      remove(eldest.getKey());
    }
    int id;
    do {
      id = random.nextInt(Integer.MAX_VALUE - 1) + 1;
    } while (entries.containsKey(id));
    entries.put(id, new Entry(session, FetchMetadata.nextEpoch(FetchMetadata.INITIAL_EPOCH), now));
    return id;
  }

  /** The session {@code id}, if {@code epoch} is the one that comes next in it. */
  synchronized Continued next(int id, int epoch, boolean byTopicId) {
    Entry entry = entries.get(id);
    if (entry == null) {
      return new Continued(null, Errors.FETCH_SESSION_ID_NOT_FOUND);
    }
    if (entry.nextEpoch != epoch) {
      return new Continued(null, Errors.INVALID_FETCH_SESSION_EPOCH);
    }
    if (entry.session.byTopicId() != byTopicId) {
      return new Continued(null, Errors.FETCH_SESSION_TOPIC_ID_ERROR);
    }
    entry.nextEpoch = FetchMetadata.nextEpoch(epoch);
    entry.usedNanos = ticker.nanoTime();
    return new Continued(entry.session, Errors.NONE);
  }

  synchronized void remove(int id) {
    Entry gone = entries.remove(id);
    if (gone != null) {
      gone.session.close();
    }
  }

  synchronized int size() {
    return entries.size();
  }
}
