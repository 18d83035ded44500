package io.sediment.objectstore.s3;

import java.util.Random;

/** Decides which fault each request meets. Called once per request, by one thread at a time. */
@FunctionalInterface
public interface FaultScript {
  /**
   * @param method HTTP method
   * @param target path and query, as sent
   */
  ProxyFault next(String method, String target);

  /** No faults. */
  static FaultScript calm() {
    return (method, target) -> ProxyFault.NONE;
  }

  /**
   * Seeded faults in {@code percent} of all requests. What breaks only bodies meets only reads;
   * what doubles or delays meets only writes; nothing stalls, since nobody would let it go.
   */
  static FaultScript seeded(long seed, int percent) {
    Random random = new Random(seed);
    ProxyFault[] onWrites = {
      ProxyFault.LOSE_REQUEST,
      ProxyFault.LOSE_ANSWER,
      ProxyFault.DELIVER_LATE,
      ProxyFault.DELIVER_TWICE,
      ProxyFault.CONFLICT,
      ProxyFault.INTERNAL_ERROR,
      ProxyFault.SLOW_DOWN
    };
    ProxyFault[] onReads = {
      ProxyFault.LOSE_REQUEST,
      ProxyFault.LOSE_ANSWER,
      ProxyFault.INTERNAL_ERROR,
      ProxyFault.SLOW_DOWN,
      ProxyFault.TRUNCATE_ANSWER
    };
    return (method, target) -> {
      if (random.nextInt(100) >= percent) {
        return ProxyFault.NONE;
      }
      ProxyFault[] choice = method.equals("PUT") ? onWrites : onReads;
      return choice[random.nextInt(choice.length)];
    };
  }
}
