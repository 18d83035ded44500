package io.sediment.lsm.scan;

/** Which readers data is for: each class has its own part of the cache. */
enum ReadClass {
  /** The newest objects, which readers just behind the tail share. */
  RECENT,
  /** Everything older: read once by whoever catches up. */
  CATCH_UP
}
