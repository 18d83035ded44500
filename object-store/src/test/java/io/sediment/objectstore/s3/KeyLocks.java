package io.sediment.objectstore.s3;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks for more keys than there are locks: two keys may share one, one key always has the same.
 */
final class KeyLocks {
  private static final int STRIPES = 1024;

  private final Lock[] stripes = new Lock[STRIPES];

  KeyLocks() {
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantLock(true);
    }
  }

  /**
   * The lock of an object; reentrant, so that a request and the store below it may both take it.
   */
  Lock of(String bucket, String key) {
    return stripes[Math.floorMod((bucket + "/" + key).hashCode(), STRIPES)];
  }
}
