package io.sediment.cluster.simulation;

/** One safeguard of the broker taken away, from outside. */
enum BrokerMutant {
  NONE,

  /** What the metadata's state machine has applied is acted upon before the bucket has it. */
  VISIBLE_BEFORE_EXPORT
}
